/**
 * Has a VM paused wherever that is possible: at each poll, and with a poll at every jump and call of its code instead of one in
 * 10,000. The count that the engine keeps for that is in its context, where it is found by what it does.
 */
import type { Turns } from '../../runtime/turns.js'
import { BareVm } from './bare-vm.js'

/** Bytes of the context that are looked through, from its start. */
const contextBytes = 512
const iterations = 300

/** Where the engine counts down to the next poll: the same place in each fresh VM. */
async function findCounter(): Promise<number> {
  const { vm, ...bare } = await counting()
  const { ctx } = vm.image()
  const words = () => new Int32Array(vm.memory, ctx, contextBytes / 4).slice()
  const before = words()
  await bare.count()
  const after = words()
  // A jump back and one at the condition, for each iteration.
  const hasCounted = (i: number) => {
    const count = before[i]! - after[i]!
    return count >= iterations && count < iterations * 3 && after[i]! > 0 && before[i]! <= 10_000
  }
  const found = [...before.keys()].filter(hasCounted)
  if (found.length !== 1) throw new Error('the context of this engine is laid out otherwise')
  return ctx + found[0]! * 4
}

async function counting() {
  const bare = await BareVm.create()
  await bare.run('expose({ count: (n) => { for (let i = 0; i < n; i++); } })')
  return { vm: bare.vm, count: () => bare.call('count', iterations) }
}

const counter = findCounter()

export class PausingTurns implements Turns {
  pauses = 0
  readonly #at: number
  readonly #distance: () => number
  /** Of the VM, as it is now; known once there is one. */
  memory: (() => ArrayBufferLike) | undefined

  private constructor(at: number, distance: () => number) {
    this.#at = at
    this.#distance = distance
  }

  /** `distance` tells how many jumps and calls later the next poll is to be. */
  static async create(distance: () => number = () => 1): Promise<PausingTurns> {
    return new PausingTurns(await counter, distance)
  }

  /** From now on there are polls that often. */
  arm(): void {
    if (this.memory !== undefined) new Int32Array(this.memory())[this.#at >> 2] = this.#distance()
  }

  isOver(): boolean {
    this.arm()
    return true
  }

  leastMs(): number {
    return 0
  }

  next(goOn: () => void): void {
    this.pauses++
    setImmediate(() => {
      this.arm()
      goOn()
    })
  }
}

/**
 * Has a VM paused wherever that is possible: at each poll, and with a poll at every jump and call of its code instead of at one
 * in hundreds.
 */
import type { Turns } from '../../runtime/turns.js'
import type { Pointer } from '../../runtime/wasm-instance.js'
import { BareVm } from './bare-vm.js'

/** Where a VM has it: the same place in each fresh one. */
let pollCount: Pointer | undefined

export class PausingTurns implements Turns {
  pauses = 0
  readonly #at: number
  readonly #distance: () => number
  /** Of the VM, as it is now; empty while there is none. */
  memory: () => ArrayBufferLike = () => new ArrayBuffer(0)

  private constructor(at: number, distance: () => number) {
    this.#at = at
    this.#distance = distance
  }

  /** `distance` tells how many jumps and calls later the next poll is to be. */
  static async create(distance: () => number = () => 1): Promise<PausingTurns> {
    pollCount ??= (await BareVm.create()).vm.image().pollCount
    return new PausingTurns(pollCount, distance)
  }

  /** From now on there are polls that often. */
  arm(): void {
    new Int32Array(this.memory())[this.#at >> 2] = this.#distance()
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

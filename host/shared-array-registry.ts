/**
 * Who makes which SharedArray of a run: the first that asks for a name, in whatever thread, and all others wait for it. Kept
 * where all threads can ask: in the main thread, and during the first init in the one thread that there is.
 */
import { AppError } from '../errors.js'
import { bytesOf, type SharedArrayData, tooLarge } from './shared-array-data.js'

/** Asked by the VMs of a thread. A maker is a VM, by a name that no other VM of the run has. */
export interface SharedArrayClaims {
  /** The array, once there is one; undefined makes the caller its maker, who must `settle` or `abandon` it. */
  claim(name: string, maker: string): Promise<SharedArrayData | undefined>
  /** Hands in the array, or none: then the next that waits makes it. @throws {AppError} LIMIT_SIZE, and it is none then */
  settle(name: string, maker: string, data: SharedArrayData | undefined): Promise<void>
  /** Gives up all that a VM makes or waits for: it is no more. */
  abandon(maker: string): void
}

interface Waiter {
  readonly maker: string
  resolve(data: SharedArrayData | undefined): void
}

const maxArrays = 10_000

export class SharedArrayRegistry implements SharedArrayClaims {
  readonly #maxBytes: number
  readonly #ready = new Map<string, SharedArrayData>()
  readonly #makers = new Map<string, string>()
  readonly #waiters = new Map<string, Waiter[]>()
  /** The name that a VM waits for. */
  readonly #wanted = new Map<string, string>()
  #bytes = 0

  constructor(maxBytes: number, known: Iterable<readonly [string, SharedArrayData]> = []) {
    this.#maxBytes = maxBytes
    for (const [name, data] of known) this.#add(name, data)
  }

  get arrays(): ReadonlyMap<string, SharedArrayData> {
    return this.#ready
  }

  /** Of all arrays together. */
  get bytes(): number {
    return this.#bytes
  }

  async claim(name: string, maker: string): Promise<SharedArrayData | undefined> {
    const known = this.#ready.get(name)
    if (known !== undefined) return known
    const holder = this.#makers.get(name)
    if (holder === undefined) {
      if (this.#ready.size + this.#makers.size >= maxArrays) {
        throw new AppError('LIMIT_SIZE', `a run may have ${maxArrays} SharedArrays`)
      }
      this.#makers.set(name, maker)
      return undefined
    }
    if (this.#waitsFor(holder, maker)) {
      // In k6 the test would stand still for ever.
      throw new AppError('SCRIPT_EXCEPTION', 'the function that makes a SharedArray asks for that SharedArray itself')
    }
    return new Promise((resolve) => {
      this.#wanted.set(maker, name)
      const waiters = this.#waiters.get(name)
      if (waiters === undefined) this.#waiters.set(name, [{ maker, resolve }])
      else waiters.push({ maker, resolve })
    })
  }

  async settle(name: string, maker: string, data: SharedArrayData | undefined): Promise<void> {
    if (this.#makers.get(name) !== maker)
      throw new AppError('INTERNAL', 'a SharedArray came from a VM that does not make it')
    if (data === undefined) {
      this.#passOn(name)
      return
    }
    if (this.#bytes + bytesOf(data) > this.#maxBytes) {
      this.#passOn(name)
      throw tooLarge(this.#maxBytes)
    }
    this.#makers.delete(name)
    this.#add(name, data)
    for (const waiter of this.#waiters.get(name) ?? []) this.#answer(waiter, data)
    this.#waiters.delete(name)
  }

  abandon(maker: string): void {
    this.#stopWaiting(maker)
    for (const [name, holder] of [...this.#makers]) if (holder === maker) this.#passOn(name)
  }

  /** The same for all VMs whose names begin with `prefix`: their thread is no more. */
  abandonAll(prefix: string): void {
    const gone = [...this.#makers.values(), ...this.#wanted.keys()].filter((maker) => maker.startsWith(prefix))
    // First those that wait, so that nothing is passed on to them.
    for (const maker of gone) if (this.#wanted.has(maker)) this.#stopWaiting(maker)
    for (const maker of gone) this.abandon(maker)
  }

  #stopWaiting(maker: string): void {
    const wanted = this.#wanted.get(maker)
    if (wanted === undefined) return
    this.#wanted.delete(maker)
    this.#waiters.set(
      wanted,
      this.#waiters.get(wanted)!.filter((waiter) => waiter.maker !== maker),
    )
  }

  #add(name: string, data: SharedArrayData): void {
    this.#ready.set(name, data)
    this.#bytes += bytesOf(data)
  }

  #passOn(name: string): void {
    this.#makers.delete(name)
    const next = this.#waiters.get(name)?.shift()
    if (next === undefined) return
    this.#makers.set(name, next.maker)
    this.#answer(next, undefined)
  }

  #answer({ maker, resolve }: Waiter, data: SharedArrayData | undefined): void {
    this.#wanted.delete(maker)
    resolve(data)
  }

  /** True when `holder` cannot go on before `maker` does, over however many others. */
  #waitsFor(holder: string | undefined, maker: string): boolean {
    let at = holder
    while (at !== undefined && at !== maker) {
      const wanted = this.#wanted.get(at)
      at = wanted === undefined ? undefined : this.#makers.get(wanted)
    }
    return at === maker
  }
}

/** All VUs of a run, spread over the threads, and which of them are free. Scenarios take VUs and give them back. */
import type { ThreadSlot } from './thread-slot.js'
import { type VuBooks, VuHandle } from './vu-handle.js'

/** A scenario that waits for VUs. */
interface Waiter {
  readonly count: number
  resolve(vus: VuHandle[]): void
}

export class VuPool {
  readonly #threads: readonly ThreadSlot[]
  readonly #maxVus: number
  readonly #books: VuBooks
  #all: VuHandle[] = []
  /** Numbers are not given twice, not even those of VUs that could not be made. */
  #lastId = 0
  /** Sorted by id: the lowest free one is taken first. */
  #free: VuHandle[] = []
  #waiters: Waiter[] = []

  /** @param maxVus VUs that there can be, unplanned ones included */
  constructor(threads: readonly ThreadSlot[], maxVus: number, books: VuBooks) {
    this.#threads = threads
    this.#maxVus = maxVus
    this.#books = books
  }

  /** Runs the init code of `count` more VUs, one after the other in each thread. `onReady` is told of each. */
  async grow(count: number, onReady: () => void = () => {}): Promise<void> {
    const waiting = this.#threads.map(() => [] as number[])
    const handles: VuHandle[] = []
    for (let i = 0; i < count; i++) {
      const id = ++this.#lastId
      const at = (id - 1) % this.#threads.length
      waiting[at]!.push(id)
      handles.push(new VuHandle(id, this.#threads[at]!, this.#books))
    }
    this.#all = [...this.#all, ...handles]
    try {
      await Promise.all(
        this.#threads.map(async (thread, at) => {
          for (const id of waiting[at]!) {
            await thread.call('initVu', id)
            onReady()
          }
        }),
      )
    } catch (e) {
      // None of these is ever free, so nobody may count on them.
      this.#all = this.#all.filter((vu) => !handles.includes(vu))
      throw e
    }
    this.release(handles)
  }

  /**
   * Takes `count` VUs. The plan has as many for every moment, but a VU may still be ending an iteration of the scenario
   * before: then this waits for it, and those who asked first are served first.
   *
   * @returns none when `signal` is aborted meanwhile
   */
  take(count: number, signal: AbortSignal): Promise<VuHandle[]> {
    return new Promise((resolve) => {
      const waiter: Waiter = {
        count,
        resolve: (vus) => {
          signal.removeEventListener('abort', giveUp)
          resolve(vus)
        },
      }
      const giveUp = () => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        resolve([])
      }
      if (signal.aborted) return resolve([])
      signal.addEventListener('abort', giveUp, { once: true })
      this.#waiters.push(waiter)
      this.#serve()
    })
  }

  /** Takes a VU beyond the planned ones: a new one, or when there are as many as can be, one that a scenario left. */
  async takeUnplanned(signal: AbortSignal): Promise<VuHandle[]> {
    if (this.#all.length < this.#maxVus) await this.grow(1)
    return this.take(1, signal)
  }

  release(vus: readonly VuHandle[]): void {
    if (vus.length === 0) return
    this.#free = [...this.#free, ...vus].sort((a, b) => a.id - b.id)
    this.#serve()
  }

  #serve(): void {
    while (this.#waiters.length > 0 && this.#waiters[0]!.count <= this.#free.length) {
      const { count, resolve } = this.#waiters.shift()!
      resolve(this.#free.splice(0, count))
    }
  }

  /** Ends the iterations of all VUs at once. */
  interruptAll(): void {
    for (const vu of this.#all) vu.interrupt()
  }
}

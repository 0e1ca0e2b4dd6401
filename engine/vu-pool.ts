/** All VUs of a run, spread over the threads, and which of them are free. Scenarios take VUs and give them back. */
import { AppError } from '../errors.js'
import type { ThreadHandle } from './thread-handle.js'
import type { LoopRequest } from './thread-protocol.js'

/** One VU, seen from the main thread. */
export class VuHandle {
  readonly id: number
  readonly #thread: ThreadHandle

  constructor(id: number, thread: ThreadHandle) {
    this.id = id
    this.#thread = thread
  }

  /** Runs iterations until one of the request's limits; answers how many were made. */
  loop(request: Omit<LoopRequest, 'vu'>): Promise<number> {
    return this.#thread.call('loop', { ...request, vu: this.id })
  }

  /** Runs one iteration; answers false when it was interrupted. */
  iterate(request: Omit<LoopRequest, 'vu' | 'endTimeMs'>): Promise<boolean> {
    return this.#thread.call('iterate', { ...request, vu: this.id })
  }

  /** Lets the loop end after its present iteration. */
  stop(): void {
    this.#thread.call('stopLoop', this.id).catch(() => {})
  }

  /** Ends the present iteration at once. */
  interrupt(): void {
    this.#thread.call('interruptVu', this.id).catch(() => {})
  }
}

export class VuPool {
  readonly #threads: readonly ThreadHandle[]
  readonly #all: VuHandle[] = []
  /** Sorted by id: the lowest free one is taken first. */
  #free: VuHandle[] = []

  constructor(threads: readonly ThreadHandle[]) {
    this.#threads = threads
  }

  get size(): number {
    return this.#all.length
  }

  /** Runs the init code of `count` more VUs, one after the other in each thread. `onReady` is told of each. */
  async grow(count: number, onReady: () => void = () => {}): Promise<void> {
    const waiting = this.#threads.map(() => [] as number[])
    const first = this.#all.length + 1
    const handles: VuHandle[] = []
    for (let id = first; id < first + count; id++) {
      const at = (id - 1) % this.#threads.length
      waiting[at]!.push(id)
      handles.push(new VuHandle(id, this.#threads[at]!))
    }
    this.#all.push(...handles)
    await Promise.all(
      this.#threads.map(async (thread, at) => {
        for (const id of waiting[at]!) {
          await thread.call('initVu', id)
          onReady()
        }
      }),
    )
    this.release(handles)
  }

  /** Takes `count` free VUs. @throws {AppError} INTERNAL when the plan promised more than there are */
  take(count: number): VuHandle[] {
    if (this.#free.length < count) {
      throw new AppError('INTERNAL', `${count} VUs are needed and ${this.#free.length} are free`)
    }
    return this.#free.splice(0, count)
  }

  release(vus: readonly VuHandle[]): void {
    this.#free = [...this.#free, ...vus].sort((a, b) => a.id - b.id)
  }

  /** Ends the iterations of all VUs at once. */
  interruptAll(): void {
    for (const vu of this.#all) vu.interrupt()
  }
}

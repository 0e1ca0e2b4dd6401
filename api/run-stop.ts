/** The end that a caller asks for with an AbortSignal: in order first, at once when that takes too long. */
import type { Run } from '../engine/run.js'
import { AppError } from '../errors.js'

const aborted = (how: string) => new AppError('INTERRUPTED', `the run was stopped by its caller${how}`)

export class RunStop {
  readonly #run: Run
  readonly #signal: AbortSignal | undefined
  readonly #stopMs: number
  readonly #now: Promise<never>
  #end!: (reason: AppError) => void
  #timer: NodeJS.Timeout | undefined
  #isLoading = true

  constructor(run: Run, signal: AbortSignal | undefined, stopMs: number) {
    this.#run = run
    this.#signal = signal
    this.#stopMs = stopMs
    this.#now = new Promise((_, reject) => {
      this.#end = reject
    })
    // Most runs are never stopped, and then nobody waits for this.
    this.#now.catch(() => {})
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  readonly #onAbort = (): void => {
    // Nothing has begun that would have to be ended in order.
    if (this.#isLoading) {
      this.#end(aborted(' before it began'))
      return
    }
    this.#run.abort(aborted(''))
    this.#timer = setTimeout(
      () => this.#end(aborted(`, and at once since it did not end in ${this.#stopMs} ms`)),
      this.#stopMs,
    )
  }

  /** While the script is loaded. @throws {AppError} INTERRUPTED as soon as the caller stops the run */
  async loading<T>(load: () => Promise<T>): Promise<T> {
    if (this.#signal?.aborted) return this.#now
    const loaded = await this.unlessEnded(load())
    this.#isLoading = false
    return loaded
  }

  /** @throws {AppError} INTERRUPTED when the run has to end at once */
  unlessEnded<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#now])
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}

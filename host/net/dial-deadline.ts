/**
 * How long somebody waits for a connection: until a time, or until they give up; and k6's words for either.
 * Knows nothing of what is dialled.
 */
import { AppError } from '../../errors.js'
import { longestTimerMs } from '../longest-timer.js'

/** One wait. `clear()` it when it is over. */
export class DialDeadline {
  readonly #over = new AbortController()
  readonly #giveUp: readonly AbortSignal[]
  readonly #timer: NodeJS.Timeout | undefined

  /** `timeoutMs` that is not positive is over at once; Infinity never is. So it is when one of `giveUp` is aborted. */
  constructor(timeoutMs: number, ...giveUp: AbortSignal[]) {
    this.#giveUp = giveUp
    if (timeoutMs <= 0 || giveUp.some(({ aborted }) => aborted)) {
      this.#over.abort()
      return
    }
    // Not AbortSignal.any: in Node.js 20 a signal keeps a note of every one that was made of it.
    for (const signal of giveUp) signal.addEventListener('abort', this.#end)
    if (timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(this.#end, Math.min(timeoutMs, longestTimerMs))
    }
  }

  /** Aborted when the wait is over without a connection. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  /** Why there is no connection, once the signal is aborted. `lastFailure` is the text of the dial that failed last. */
  error(lastFailure?: string, cause?: unknown): AppError {
    const why = this.#giveUp.some(({ aborted }) => aborted) ? 'context canceled' : 'context deadline exceeded'
    const text = lastFailure === undefined ? why : `${why}: ${lastFailure}`
    return new AppError('CONNECT_FAILED', text, cause === undefined ? {} : { cause })
  }

  clear(): void {
    clearTimeout(this.#timer)
    for (const signal of this.#giveUp) signal.removeEventListener('abort', this.#end)
  }

  readonly #end = () => this.#over.abort()
}

/** What `promise` gives, or a rejection with `error()` as soon as the signal is aborted. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal, error: () => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(error())
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

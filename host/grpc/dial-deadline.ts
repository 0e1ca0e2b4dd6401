/**
 * How long somebody waits for a connection: until a time, or until they give up; and k6's words for either.
 * Knows nothing of what is dialled.
 */
import { AppError } from '../../errors.js'
import { longestTimerMs } from '../longest-timer.js'

/** One wait. `clear()` it when it is over. */
export class DialDeadline {
  /** Aborted when the wait is over without a connection. */
  readonly signal: AbortSignal
  readonly #giveUp: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout | undefined

  /** `timeoutMs` that is not positive is over at once; Infinity never is. */
  constructor(timeoutMs: number, giveUp?: AbortSignal) {
    const timeout = new AbortController()
    if (timeoutMs <= 0) timeout.abort()
    else if (timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#timer = setTimeout(() => timeout.abort(), Math.min(timeoutMs, longestTimerMs))
    }
    this.#giveUp = giveUp
    this.signal = giveUp ? AbortSignal.any([timeout.signal, giveUp]) : timeout.signal
  }

  /** Why there is no connection, once the signal is aborted. `lastFailure` is the text of the dial that failed last. */
  error(lastFailure?: string, cause?: unknown): AppError {
    const why = this.#giveUp?.aborted ? 'context canceled' : 'context deadline exceeded'
    const text = lastFailure === undefined ? why : `${why}: ${lastFailure}`
    return new AppError('CONNECT_FAILED', text, cause === undefined ? {} : { cause })
  }

  clear(): void {
    clearTimeout(this.#timer)
  }
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

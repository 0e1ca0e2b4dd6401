/**
 * Requests on their way to a receiver: one after the other in their order, tried again with growing pauses, in a queue of
 * bounded size. What cannot be delivered is dropped, oldest first, counted and reported. Knows no protocol.
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { OutputTrouble } from '../output-trouble.js'

/** One request, ready to be sent. */
export interface PushRequest {
  readonly body: Uint8Array
  /** Data points in it. */
  readonly points: number
}

/** Why a request was not taken. */
export class SendError extends Error {
  /** True if the same request may be taken later. */
  readonly isRetryable: boolean
  /** When the receiver wants it to be tried again. */
  readonly retryAfterMs: number | undefined

  constructor(message: string, isRetryable: boolean, retryAfterMs?: number) {
    super(message)
    this.isRetryable = isRetryable
    this.retryAfterMs = retryAfterMs
  }
}

/** What a queue is made with. */
export interface SendQueueOptions {
  /**
   * Sends one request; `signal` ends the attempt.
   *
   * @returns data points that the receiver took the request without, and why
   * @throws {SendError}
   */
  send(request: PushRequest, signal: AbortSignal): Promise<{ rejected: number; reason: string } | undefined>
  readonly trouble: OutputTrouble
  readonly maxBytes?: number
  /** The first pause after a failure; it doubles up to `maxPauseMs`. */
  readonly firstPauseMs?: number
  readonly maxPauseMs?: number
}

const defaults = { maxBytes: 32 * 1024 * 1024, firstPauseMs: 500, maxPauseMs: 30_000 }

/** Sends requests in order. */
export class SendQueue {
  readonly #options: SendQueueOptions & typeof defaults
  readonly #requests: PushRequest[] = []
  #bytes = 0
  #sending: Promise<void> | undefined
  #isEnding = false
  readonly #abort = new AbortController()
  #endPause = new AbortController()

  constructor(options: SendQueueOptions) {
    this.#options = { ...defaults, ...options }
  }

  /** Takes a request; makes room for it by dropping the oldest ones that are not being sent. Never waits. */
  offer(request: PushRequest): void {
    this.#requests.push(request)
    this.#bytes += request.body.length
    // The first one may be under way.
    while (this.#bytes > this.#options.maxBytes && this.#requests.length > 1) {
      this.#drop(1, 'the receiver is too slow, the queue is full')
    }
    this.#sending ??= this.#sendAll()
  }

  /** Sends what is left, but for no longer than that; what is still there then is lost. */
  async end(timeoutMs: number): Promise<void> {
    this.#isEnding = true
    this.#endPause.abort()
    const timer = setTimeout(() => this.#abort.abort(), timeoutMs)
    await this.#sending
    clearTimeout(timer)
  }

  async #sendAll(): Promise<void> {
    let pauseMs = this.#options.firstPauseMs
    // Of an attempt that was cut off at the end, the failure before it says more.
    let reason = 'there was no time left to send it'
    while (this.#requests.length > 0) {
      const failure = await this.#attempt(this.#requests[0]!)
      if (this.#abort.signal.aborted) {
        while (this.#requests.length > 0) this.#drop(0, reason)
        break
      }
      if (failure === undefined) {
        pauseMs = this.#options.firstPauseMs
      } else if (!failure.isRetryable) {
        this.#drop(0, failure.message)
      } else {
        reason = failure.message
        this.#options.trouble.failed(reason)
        await this.#pause(failure.retryAfterMs ?? pauseMs)
        pauseMs = Math.min(pauseMs * 2, this.#options.maxPauseMs)
      }
    }
    this.#sending = undefined
  }

  /** @returns why it was not sent */
  async #attempt(request: PushRequest): Promise<SendError | undefined> {
    const { send, trouble } = this.#options
    try {
      const answer = await send(request, this.#abort.signal)
      if (answer !== undefined) trouble.lost(answer.rejected, answer.reason)
      this.#requests.shift()
      this.#bytes -= request.body.length
      return undefined
    } catch (e) {
      return e instanceof SendError ? e : new SendError(e instanceof Error ? e.message : String(e), false)
    }
  }

  /** At the end of a run there is no time for long pauses. */
  async #pause(ms: number): Promise<void> {
    if (this.#isEnding) {
      await delay(Math.min(ms, this.#options.firstPauseMs), undefined, { signal: this.#abort.signal }).catch(() => {})
      return
    }
    await delay(Math.min(ms, this.#options.maxPauseMs), undefined, { signal: this.#endPause.signal }).catch(() => {})
  }

  #drop(index: number, reason: string): void {
    const [request] = this.#requests.splice(index, 1)
    this.#bytes -= request!.body.length
    this.#options.trouble.lost(request!.points, reason)
  }
}

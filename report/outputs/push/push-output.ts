/**
 * What all outputs have in common that push sums to a receiver: samples are added up as they come, and in every interval the
 * sums are written as requests and handed to a queue. Knows no format and no protocol.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StoredSamples } from '../../../metrics/store.js'
import type { Output } from '../output.js'
import type { OutputTrouble } from '../output-trouble.js'
import { type PushRequest, SendQueue, type SendQueueOptions } from './send-queue.js'

/** One kind of output. */
export interface PushFormat {
  /** Adds up samples; they are only valid during the call. */
  add(samples: StoredSamples): void
  /**
   * The sums as they are now, as requests that are made one by one.
   *
   * @param isLast true for the last time
   */
  requests(timeMs: number, isLast: boolean): Iterable<PushRequest>
}

/** What a pushing output is made with. */
export interface PushOptions extends Omit<SendQueueOptions, 'trouble'> {
  /** How it is called in the description of the run. */
  readonly description: string
  readonly format: PushFormat
  readonly intervalMs: number
  readonly trouble: OutputTrouble
  /** Ends what the sending keeps open. */
  readonly close: () => void
  /** How long `stop()` may go on sending. */
  readonly stopTimeoutMs?: number | undefined
}

const defaultStopTimeoutMs = 10_000

/** Pushes sums. */
export class PushOutput implements Output {
  readonly description: string
  readonly #options: PushOptions
  readonly #queue: SendQueue
  readonly #timer: NodeJS.Timeout
  #pushing: Promise<void> = Promise.resolve()
  #isPushing = false

  constructor(options: PushOptions) {
    this.description = options.description
    this.#options = options
    this.#queue = new SendQueue(options)
    this.#timer = setInterval(() => this.#push(false), options.intervalMs)
    this.#timer.unref()
  }

  add(samples: StoredSamples): void {
    this.#options.format.add(samples)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    this.#push(true)
    await this.#pushing
    await this.#queue.end(this.#options.stopTimeoutMs ?? defaultStopTimeoutMs)
    this.#options.close()
    this.#options.trouble.end()
  }

  /** One request after the other, and other work of the thread goes on between two of them. */
  #push(isLast: boolean): void {
    // The next one will have what this one would.
    if (this.#isPushing && !isLast) return
    this.#isPushing = true
    this.#pushing = this.#pushing
      .then(() => this.#offerAll(isLast))
      .finally(() => {
        this.#isPushing = false
      })
  }

  async #offerAll(isLast: boolean): Promise<void> {
    const { format, trouble } = this.#options
    try {
      for (const request of format.requests(Date.now(), isLast)) {
        this.#queue.offer(request)
        await nextTurn()
      }
    } catch (e) {
      trouble.failed(`internal error: ${e instanceof Error ? e.message : String(e)}`)
    }
  }
}

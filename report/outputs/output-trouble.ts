/**
 * What goes wrong with an output while the run goes on: says it in the log, with numbers, but not more often than once in an
 * interval, and once more at the end. An output in trouble never ends a run and never changes its exit code.
 */
import { cleanText } from '../clean-text.js'

const defaultIntervalMs = 10_000
const maxReasonLength = 300

/** What trouble is told with. */
export interface TroubleOptions {
  /** The output as the log is to call it. */
  readonly output: string
  /** What is lost, in the plural: `lines`, `data points`. */
  readonly unit: string
  readonly log: (error: string) => void
  readonly intervalMs?: number
}

/** Counts and reports the trouble of one output. */
export class OutputTrouble {
  readonly #options: TroubleOptions
  #failures = 0
  #lost = 0
  #reason = ''
  #lastReportMs = Number.NEGATIVE_INFINITY
  #isReported = true

  constructor(options: TroubleOptions) {
    this.#options = options
  }

  /** An attempt failed and will be made again. */
  failed(reason: string): void {
    this.#failures++
    this.#note(reason)
  }

  /** So much will never get where it should. */
  lost(count: number, reason: string): void {
    this.#lost += count
    this.#note(reason)
  }

  /** Says what has not been said. */
  end(): void {
    if (!this.#isReported) this.#report()
  }

  #note(reason: string): void {
    this.#reason = cleanText(reason).slice(0, maxReasonLength)
    this.#isReported = false
    if (performance.now() - this.#lastReportMs >= (this.#options.intervalMs ?? defaultIntervalMs)) this.#report()
  }

  #report(): void {
    const { output, unit, log } = this.#options
    const attempts = this.#failures === 0 ? '' : `, ${this.#failures} failed attempts`
    this.#lastReportMs = performance.now()
    this.#isReported = true
    log(`output ${output}: ${this.#reason} (${this.#lost} ${unit} lost so far${attempts})`)
  }
}

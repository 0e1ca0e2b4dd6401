/** The limit runMs: first the run is told to end in order, and when even that takes too long, without order. */
import { AppError } from '../errors.js'
import { longestTimerMs } from '../host/longest-timer.js'

/** How long teardown and handleSummary have to end after the time of their run is over. */
const lastWordsMs = 10_000

export class RunDeadline {
  readonly #timers: NodeJS.Timeout[]

  /**
   * The time begins now. Beyond the longest timer of Node.js (24 days) a run has no end of its own.
   *
   * @param onOver the run is to end
   * @param onLate it has not
   */
  constructor(runMs: number, onOver: (reason: AppError) => void, onLate: (reason: AppError) => void) {
    const reason = new AppError('LIMIT_TIME', `the run took more than ${runMs} ms (limit runMs)`)
    const after = (ms: number, tell: (reason: AppError) => void) =>
      ms > longestTimerMs ? [] : [setTimeout(() => tell(reason), ms).unref()]
    this.#timers = [...after(runMs, onOver), ...after(runMs + lastWordsMs, onLate)]
  }

  clear(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }
}

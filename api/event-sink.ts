/** Tells a caller of events, in calls of one function. What goes wrong in that function stays there. */
import { cleanText } from '../report/clean-text.js'
import type { NamedRunProgress, RunEvent, RunLogLine } from './run-events.js'
import type { RunMetrics } from './run-outcome.js'

/** What there is to tell now and then. */
export interface PeriodicEvents {
  readonly progress: () => NamedRunProgress
  readonly metrics: () => RunMetrics
}

export class EventSink {
  readonly #onEvent: ((event: RunEvent) => unknown) | undefined
  #timers: NodeJS.Timeout[] = []
  #sources: PeriodicEvents | undefined
  #isTroubled = false

  constructor(onEvent: ((event: RunEvent) => unknown) | undefined) {
    this.#onEvent = onEvent
  }

  /** A handler that throws, or whose promise is rejected, harms nobody: the first time is told as a warning of the process. */
  emit(event: RunEvent): void {
    try {
      const answer = this.#onEvent?.(event)
      if (answer instanceof Promise) answer.catch((e) => this.#warn(e))
    } catch (e) {
      this.#warn(e)
    }
  }

  /** A line whose texts are not yet safe to show. */
  log({ level, msg, fields, timeMs }: RunLogLine): void {
    const clean: Record<string, string> = Object.create(null)
    for (const [name, value] of Object.entries(fields)) clean[cleanText(name)] = cleanText(value, true)
    this.emit({ type: 'log', line: { level, msg: cleanText(msg, true), fields: clean, timeMs } })
  }

  /** Begins with what comes again and again. */
  start(sources: PeriodicEvents, progressMs: number, metricsMs: number): void {
    if (this.#onEvent === undefined) return
    this.#sources = sources
    this.#timers = [
      setInterval(() => this.emit({ type: 'progress', progress: sources.progress() }), progressMs),
      setInterval(() => this.emit({ type: 'metrics', metrics: sources.metrics() }), metricsMs),
    ]
  }

  /** Tells how it ended, if it has begun. */
  finish(): void {
    for (const timer of this.#timers) clearInterval(timer)
    if (this.#sources === undefined) return
    this.emit({ type: 'progress', progress: this.#sources.progress() })
    this.emit({ type: 'metrics', metrics: this.#sources.metrics() })
    this.#sources = undefined
  }

  #warn(e: unknown): void {
    if (this.#isTroubled) return
    this.#isTroubled = true
    process.emitWarning(`the onEvent function of a run threw: ${e instanceof Error ? e.message : String(e)}`, {
      code: 'BELLJAR_ON_EVENT',
    })
  }
}

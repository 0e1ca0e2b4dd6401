/**
 * What an output is: something that gets every sample of a run. Each kind is a file beside this one and a line in
 * index.ts.
 */
import type { MetricStore, StoredSamples } from '../../metrics/store.js'
import type { ThresholdDefinitions } from '../../metrics/thresholds.js'
import type { TextStream } from './line-file.js'
import type { RunEnd, RunFacts } from './reported-run.js'

/** Gets every sample of a run. */
export interface Output {
  /** How it is called in the description of the run: `json (out.json)`. */
  readonly description: string
  /** Takes samples; they are only valid during the call. */
  add(samples: StoredSamples): void
  /**
   * Writes or sends what is left and closes, in bounded time. Never throws; what went wrong has been reported.
   *
   * @param end undefined for a run that was given up before its end
   */
  stop(end?: RunEnd): void | Promise<void>
}

/** What outputs need to know of the run. */
export interface OutputContext {
  readonly store: MetricStore
  readonly thresholds: ThresholdDefinitions
  readonly run: RunFacts
  /** System tags that are switched on. */
  readonly systemTags: readonly string[]
  readonly stdout: TextStream
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Told about trouble while the run goes on, for the log. */
  readonly onError: (error: string) => void
  /** How long outputs that push may go on when the run has ended; ten seconds if left out. */
  readonly stopTimeoutMs?: number
}

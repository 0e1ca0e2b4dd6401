/**
 * What an output is: something that gets every sample of a run. Each kind is a file beside this one and a line in
 * index.ts.
 */
import type { StoredSamples } from '../../metrics/store.js'

/** Gets every sample of a run. */
export interface Output {
  /** How it is called in the description of the run: `json (out.json)`. */
  readonly description: string
  /** Takes samples; they are only valid during the call. */
  add(samples: StoredSamples): void
  /** Writes or sends what is left and closes, in bounded time. Never throws; what went wrong has been reported. */
  stop(): void | Promise<void>
}

/** What the caller of `runScript` may say. Types only: run-request.ts reads them. */
import type { PolicyInput } from '../policy/policy-input.js'
import type { RunEvent } from './run-events.js'

/** A script of which the caller has the text. */
export interface ScriptText {
  readonly text: string
  /**
   * What messages call it, and where it would lie: `script.js` when left out. `.ts` at its end makes it TypeScript. A bare
   * name lies in the root folder, an absolute path where it says: that is what relative imports and files are relative to.
   */
  readonly name?: string
}

/** A script that is a file of this machine. Imports and files are relative to its folder. */
export interface ScriptPath {
  readonly path: string
}

/** What `runScript` takes. */
export interface RunScriptOptions {
  readonly script: ScriptText | ScriptPath
  /** What the script may do: the profile `untrusted` when left out. Relative folders begin at the working directory. */
  readonly policy?: PolicyInput
  /** Options of k6 over those that the script exports, as flags of the command are. */
  readonly options?: object
  /** `__ENV` of the script, beside what `policy.env` lets through from the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Threads of VUs, from 1 to 256: one for each core when left out. */
  readonly threads?: number
  /** What carries calls of gRPC: `direct` when left out, or `grpc-js`. */
  readonly grpcTransport?: 'direct' | 'grpc-js'
  /**
   * `process` runs the script in a process of its own, `none` in threads of this one, which is for the profile `trusted` only.
   * When left out, the profile decides: `untrusted` has a process, `trusted` has none.
   */
  readonly isolation?: 'process' | 'none'
  /** Ends the run in order: iterations stop, teardown runs. */
  readonly signal?: AbortSignal
  /** How long after `signal` a run may take to end in order, in ms; then it is ended at once. 30 s when left out. */
  readonly stopMs?: number
  /** Told of what happens while the run goes on. */
  readonly onEvent?: (event: RunEvent) => void
  /** How often there is an event `progress`, in ms: 500 when left out, at least 50. */
  readonly progressMs?: number
  /** How often there is an event `metrics`, in ms: 1000 when left out, at least 50. */
  readonly metricsMs?: number
}

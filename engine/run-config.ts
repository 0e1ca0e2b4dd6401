/** What every thread is told of a run, once. Plain data that a structured clone can copy. */
import type { TransportName } from '../host/grpc/transport-name.js'
import type { SharedArrayData } from '../host/shared-array-data.js'
import type { Metric } from '../metrics/metric.js'
import type { Policy } from '../policy/policy.js'
import type { KeptFiles } from '../script/file-store.js'
import type { GraphSnapshot } from '../script/module-graph.js'
import type { ModuleLock } from '../script/module-lock.js'
import type { ConsolidatedOptions } from './options/consolidate.js'
import type { JsonValue } from './options/json-reader.js'
import type { ScenarioConfig } from './options/scenario.js'
import type { Striping } from './plan/segment.js'

export interface ThreadSettings {
  readonly threadIndex: number
  readonly policy: Policy
  readonly env: ReadonlyMap<string, string>
  /** Leaves the name `global` out of scripts. */
  readonly isBaseMode: boolean
  /** The script is checked and not run. */
  readonly isRehearsal: boolean
  /** Keeps scripts from changing __ENV. */
  readonly freezesEnv: boolean
  /** What carries calls of gRPC; the default when absent. */
  readonly grpcTransport?: TransportName
  /** Shared counters, see shared-counters.ts. */
  readonly counters: SharedArrayBuffer
  /** What the thread tells of itself, see heartbeat.ts. */
  readonly heartbeat: SharedArrayBuffer
  /** What the scripts of the run have logged, see console-budget.ts. */
  readonly console: SharedArrayBuffer
}

export interface LoadRequest {
  readonly mainUrl: string
  /** What the user calls it; the URL when not given. */
  readonly mainName?: string
  /** The text of the main module when it does not come from a file. */
  readonly source?: string
  /** True when the URL does not tell TypeScript from JavaScript: standard input. */
  readonly isNameless?: boolean
  /** What remote modules must be; undefined takes what comes. */
  readonly lock?: ModuleLock
}

/** What the first thread is told to load. */
export interface FirstInit {
  readonly script: LoadRequest
  /** The compiled engine for it. */
  readonly engine: WebAssembly.Module
}

/** A script after its first init, as far as its options and the plan need it. */
export interface ScriptOutline {
  readonly functions: readonly string[]
  readonly others: readonly string[]
  /** What it exports as `options`: JSON-copied, and hostile. */
  readonly options: unknown
  readonly graph: Pick<GraphSnapshot, 'nativeNames'>
  /** The remote modules among its modules. */
  readonly remotes: ModuleLock
  /** Custom metrics that it declared. */
  readonly metrics: readonly Metric[]
}

/** All of it. */
export interface LoadedScript extends ScriptOutline {
  readonly graph: GraphSnapshot
  readonly files: KeptFiles
  /** SharedArrays that it made. */
  readonly sharedArrays: ReadonlyMap<string, SharedArrayData>
}

export interface RunConfig {
  readonly options: ConsolidatedOptions
  readonly scenarios: readonly ScenarioConfig[]
  /** Which part of the test this is. */
  readonly striping: Striping
  /** Metrics of belljar's own that are switched on. */
  readonly optInMetrics: readonly Metric[]
  /** What `exec.test.options` shows. */
  readonly testOptions: JsonValue
  /** What replaces the members of the script's `options`. */
  readonly specifiedOptions: JsonValue
  readonly graph: GraphSnapshot
  readonly files: KeptFiles
  readonly sharedArrays: ReadonlyMap<string, SharedArrayData>
  /** The compiled engine for the VUs and the stages. */
  readonly engine: WebAssembly.Module
  /** Where the VUs stand, see vu-ledger.ts. */
  readonly ledger: SharedArrayBuffer
  /** VMs may be copies of others, see vm-source.ts. */
  readonly copiesVms: boolean
  /** How many there may be, those of stages included. */
  readonly vms: number
}

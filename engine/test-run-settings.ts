/** What whoever starts a run says of it, and what they are told while it goes on. */
import type { TransportName } from '../host/grpc/transport-name.js'
import type { Finding } from '../host/rehearsal/finding.js'
import type { LogLine } from '../host/vu-context.js'
import type { AuditRecord } from '../policy/audit.js'
import type { Policy } from '../policy/policy.js'
import type { Options } from './options/options.js'
import type { LoadRequest } from './run-config.js'
import type { SecretAnswerer, SecretSettings } from './secret-desk.js'

export interface TestRunSettings {
  readonly script: LoadRequest
  /** As the user named it, for messages. */
  readonly scriptName: string
  readonly env: ReadonlyMap<string, string>
  readonly isBaseMode: boolean
  /** The feature freeze-env, which is there before a script is. */
  readonly freezesEnv: boolean
  /** Options beside those of the script. The flags' are read when the script is loaded, as their errors come after its own. */
  readonly layers: { readonly file?: Options; readonly env?: Options; readonly cli?: () => Options }
  readonly policy: Policy
  /** Where secrets come from, as --secret-source has it, or who gives them; none without. */
  readonly secrets?: SecretSettings | SecretAnswerer
  /** Undefined: one for each core, and no more than there are VUs. */
  readonly threads?: number
  /** What carries calls of gRPC; the default when absent. */
  readonly grpcTransport?: TransportName
  readonly hasThresholds: boolean
  /** Keeps what the full summary needs. */
  readonly hasBreakdown: boolean
  /** Whether there is something that can resume a run that starts paused. */
  readonly canResume: boolean
  /** The script is going to be checked with `rehearse` and not run with `execute`. */
  readonly isRehearsal?: boolean
  /** Another process has what is measured: it judges at the end, and tells what is missing. */
  readonly isMirrored?: boolean
  /** False: every VM runs the init code, also where a copy of another one would do. */
  readonly copiesVms?: boolean
}

/** Told of what happens while a run goes on. Texts may hold what a script said. */
export interface Observer {
  log(line: LogLine): void
  /** Told of what the policy refused. */
  audit?(record: AuditRecord): void
  /** Called in a check only. */
  finding?(finding: Finding): void
  /** Told of a secret before a script has it; lines of the log may hold it from then on. */
  secret?(secret: string): void
}

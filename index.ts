/** belljar as a library: `runScript`, the policies that it takes, and the types of both. docs/embedding.md has it all. */
export type {
  NamedRunProgress,
  RunEvent,
  RunLogLine,
} from './api/run-events.js'
export type { RunScriptOptions, ScriptPath, ScriptText } from './api/run-options.js'
export type {
  RunCheck,
  RunError,
  RunMetric,
  RunMetrics,
  RunOutcome,
  RunStatus,
  RunStoppedVu,
  RunThreshold,
} from './api/run-outcome.js'
export { runScript } from './api/run-script.js'
export type { RunPhase, RunProgress, ScenarioProgress, ScenarioStatus } from './engine/run-progress.js'
export { AppError, type ErrorCode, type ExitCode, isAppError } from './errors.js'
export type { AuditRecord, RuleSection } from './policy/audit.js'
export { type LimitName, type Limits, trustedLimits, untrustedLimits } from './policy/limits.js'
export type { NetworkRules } from './policy/network.js'
export {
  type Allowed,
  type FileAccess,
  type Policy,
  type ProfileName,
  trustedPolicy,
  untrustedPolicy,
} from './policy/policy.js'
export type { PolicyInput } from './policy/policy-input.js'

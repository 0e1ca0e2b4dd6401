/**
 * The errors of belljar: one base class, a table of codes, and the exit code that each ends the command with.
 * Errors are recognised by their code and not by `instanceof`, so that they survive a thread boundary.
 */

/** Exit codes of the command, the same as k6's (see docs/cli.md). */
export const ExitCode = {
  ok: 0,
  thresholdsFailed: 99,
  setupTimeout: 100,
  teardownTimeout: 101,
  genericTimeout: 102,
  restApiStop: 103,
  invalidConfig: 104,
  externalAbort: 105,
  restApiFailed: 106,
  scriptException: 107,
  scriptAborted: 108,
  internal: 109,
  markedFailed: 110,
  generic: 255,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** Every code with the exit code of a run that ends with it. What it means stands in docs/errors.md. */
export const errorCodes = {
  OPTIONS_INVALID: ExitCode.invalidConfig,
  USAGE: ExitCode.generic,
  FILE_NOT_FOUND: ExitCode.generic,
  FILE_DENIED: ExitCode.generic,
  OUTPUT_FAILED: ExitCode.generic,
  NETWORK_DENIED: ExitCode.generic,
  METHOD_DENIED: ExitCode.generic,
  MODULE_DENIED: ExitCode.generic,
  POLICY_INVALID: ExitCode.invalidConfig,
  NOT_SUPPORTED: ExitCode.generic,
  SCRIPT_EXCEPTION: ExitCode.scriptException,
  SCRIPT_NO_EXPORTS: ExitCode.generic,
  SCRIPT_RESULT_INVALID: ExitCode.generic,
  SCRIPT_ABORTED: ExitCode.scriptAborted,
  SETUP_TIMEOUT: ExitCode.setupTimeout,
  TEARDOWN_TIMEOUT: ExitCode.teardownTimeout,
  LIMIT_CPU: ExitCode.scriptException,
  LIMIT_MEMORY: ExitCode.scriptException,
  LIMIT_STACK: ExitCode.scriptException,
  LIMIT_SIZE: ExitCode.scriptException,
  LIMIT_COUNT: ExitCode.scriptException,
  LIMIT_TIME: ExitCode.scriptException,
  SCHEMA_INVALID: ExitCode.scriptException,
  MESSAGE_INVALID: ExitCode.scriptException,
  CONNECT_FAILED: ExitCode.generic,
  REMOTE_FAILED: ExitCode.scriptException,
  LOCK_MISMATCH: ExitCode.scriptException,
  THRESHOLDS_FAILED: ExitCode.thresholdsFailed,
  MARKED_FAILED: ExitCode.markedFailed,
  INTERRUPTED: ExitCode.externalAbort,
  STOPPED: ExitCode.restApiStop,
  REST_API_FAILED: ExitCode.restApiFailed,
  PROCESS_LOST: ExitCode.internal,
  INTERNAL: ExitCode.internal,
} as const satisfies Record<string, ExitCode>
export type ErrorCode = keyof typeof errorCodes

export interface ErrorExtras {
  /** What the reader can do about it. */
  hint?: string
  /** The values of the matter, for logs and for tests. */
  details?: Record<string, unknown>
  cause?: unknown
  /** Replaces the code's own exit code. */
  exitCode?: ExitCode
}

/** An error whose message is meant for a person: what happened, with the values; `hint` says what to do. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly hint?: string
  readonly details?: Record<string, unknown>
  readonly exitCode: ExitCode

  constructor(code: ErrorCode, message: string, extras: ErrorExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause })
    this.name = 'AppError'
    this.code = code
    this.exitCode = extras.exitCode ?? errorCodes[code]
    if (extras.hint !== undefined) this.hint = extras.hint
    if (extras.details !== undefined) this.details = extras.details
  }
}

/** True for an error of ours, and with `code` for that one only. */
export function isAppError(e: unknown, code?: ErrorCode): e is AppError {
  if (typeof e !== 'object' || e === null || !('code' in e) || !('exitCode' in e)) return false
  const found = (e as { code: unknown }).code
  return typeof found === 'string' && Object.hasOwn(errorCodes, found) && (code === undefined || found === code)
}

/** The error itself if it is ours; anything else is a bug, which it is told as. */
export function asAppError(e: unknown): AppError {
  if (isAppError(e)) return e
  return new AppError('INTERNAL', e instanceof Error ? e.message : String(e), { cause: e })
}

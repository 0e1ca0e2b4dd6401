/** Errors on their way between the process of a run and its parent. */
import { AppError, type ErrorCode, type ExitCode, errorCodes, isAppError } from '../../errors.js'
import { carry, errorOf } from '../carried-error.js'
import { ScriptFailure, stackFields } from '../script-failure.js'
import type { ReportedError } from './protocol.js'

export function reportOf(e: unknown): ReportedError {
  const exitCode = isAppError(e) ? e.exitCode : errorCodes.INTERNAL
  const isStackTrace = isAppError(e) && e.details?.source === stackFields.source
  return { ...carry(e), exitCode, isStackTrace }
}

/** The error that was reported. */
export function reportedError(report: ReportedError): AppError {
  const error = errorOf(report)
  if (error instanceof ScriptFailure) return error
  const { code, message, hint } = error as AppError
  return new AppError(code as ErrorCode, message, {
    exitCode: report.exitCode as ExitCode,
    ...(hint === undefined ? {} : { hint }),
    ...(report.isStackTrace ? { details: { ...stackFields } } : {}),
  })
}

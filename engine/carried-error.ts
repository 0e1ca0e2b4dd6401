/** Errors on their way between threads, as plain data. */
import { AppError, type ErrorCode, errorCodes, isAppError } from '../errors.js'
import type { GuestFailure } from '../runtime/event-loop.js'
import { ScriptFailure } from './script-failure.js'

/** Ours by code, or the script's by what the guest said of it. */
export interface CarriedError {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly failure?: GuestFailure
}

/** An error as plain data. Only ours cross; anything else is a bug of ours, told by its text. */
export function carry(e: unknown): CarriedError {
  if (e instanceof ScriptFailure) return { code: e.code, message: e.message, failure: e.failure }
  if (isAppError(e)) return { code: e.code, message: e.message, ...(e.hint === undefined ? {} : { hint: e.hint }) }
  return { code: 'INTERNAL', message: e instanceof Error ? (e.stack ?? e.message) : String(e) }
}

/** The error that a thread carried over, as it was thrown there. */
export function errorOf(carried: CarriedError): Error {
  if (carried.failure !== undefined) return new ScriptFailure(carried.failure)
  const code = (Object.hasOwn(errorCodes, carried.code) ? carried.code : 'INTERNAL') as ErrorCode
  return new AppError(code, carried.message, carried.hint === undefined ? {} : { hint: carried.hint })
}

/** The error for a script that threw while it was evaluated, in setup or in teardown. */
import { AppError } from '../errors.js'
import type { GuestFailure } from '../runtime/event-loop.js'

export class ScriptFailure extends AppError {
  readonly failure: GuestFailure

  constructor(failure: GuestFailure) {
    super('SCRIPT_EXCEPTION', failure.text)
    this.failure = failure
  }
}

/** A failure as k6 logs it: the text, and below it where it came from. */
export function failureMessage(failure: GuestFailure): string {
  const text = failure.isFromPromise ? `Uncaught (in promise) ${failure.text}` : failure.text
  return failure.frames === '' ? text : `${text}\n${failure.frames}`
}

/** What k6 adds to the log line of an exception. */
export const stackFields = { hint: 'script exception', source: 'stacktrace' } as const

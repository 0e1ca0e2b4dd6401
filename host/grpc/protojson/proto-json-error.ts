/**
 * The two ways in which a message fails: as JSON (ProtoJsonError) and as bytes (WireError).
 * The texts are those of Go's protobuf, which k6 passes on to scripts.
 */

import { AppError, isAppError } from '../../../errors.js'

/** What Go's protobuf puts before each of its errors: the word and a no-break space. */
export const protoPrefix = 'proto:\u00a0'

/** A message that has no JSON form, or JSON that is no such message. `message` has the `proto:` prefix. */
export class ProtoJsonError extends AppError {
  constructor(text: string) {
    super('MESSAGE_INVALID', protoPrefix + text)
    this.name = 'ProtoJsonError'
  }
}

/** True when a message is well formed and cannot be shown: it has no JSON form, or a longer one than the limit. */
export function hasNoJson(e: unknown): e is AppError {
  return e instanceof ProtoJsonError || isAppError(e, 'LIMIT_SIZE')
}

/**
 * Bytes that are no message of their type: malformed, invalid UTF-8, or without a required field.
 * In k6 the call then has status 13 while the script still sees what was read before the fault.
 */
export class WireError extends AppError {
  constructor(
    text: string,
    /**
     * The JSON of what was read before the fault, as Go leaves it in the message.
     *
     * @throws {ProtoJsonError} when that has no JSON form
     */
    readonly partialJson: () => string,
  ) {
    super('MESSAGE_INVALID', protoPrefix + text)
    this.name = 'WireError'
  }
}

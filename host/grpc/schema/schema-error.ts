/**
 * The error of everything that reads schemas: .proto text, descriptor sets and the linking of both.
 * It knows nothing of scripts; where k6 has a text for a failure, the message is that text.
 */

import { AppError } from '../../../errors.js'

/** Characters that a message may have: names in it may be as long as files. */
const maxMessage = 2000

/** A schema that cannot be used; the message is what k6 says, with `file:line:column: ` in front where a text is at fault. */
export class SchemaError extends AppError {
  constructor(message: string, details?: Record<string, unknown>) {
    const text = message.length > maxMessage ? `${message.slice(0, maxMessage)}…` : message
    super('SCHEMA_INVALID', text, details === undefined ? {} : { details })
    this.name = 'SchemaError'
  }
}

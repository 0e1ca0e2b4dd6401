/** Which of the user's files called: paths are beside it. */
import { firstFile } from './describe-error.js'
import { NativeError } from './primordials.js'

/** URL of the user's module that called, from the stack; empty when none can be told. */
export function callingFile(): string {
  const stack = new NativeError().stack
  return typeof stack === 'string' ? (firstFile(stack) ?? '') : ''
}

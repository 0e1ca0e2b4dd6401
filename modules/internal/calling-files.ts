/** Which of the user's files called: paths are beside it. */
import { runningFile } from './commonjs.js'
import { firstFile, lastFile } from './describe-error.js'
import { NativeError } from './primordials.js'

/**
 * URLs of the module whose text runs at present, which paths are relative to as in k6, and of the one that the call is
 * written in; empty when none can be told.
 */
export function callingFiles(): { base: string; writtenIn: string } {
  const stack = new NativeError().stack
  const trace = typeof stack === 'string' ? stack : ''
  const base = runningFile() ?? lastFile(trace) ?? ''
  return { base, writtenIn: firstFile(trace) ?? base }
}

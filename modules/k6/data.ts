/** Guest half of `k6/data`: arrays of which all VUs together have one copy. */
import { isAsyncFunction } from '../internal/async-function.js'
import { ops } from '../internal/bridge.js'
import { GoError } from '../internal/go-error.js'
import { call, isArray, NativeTypeError, stringifyJson, toText } from '../internal/primordials.js'
import { sharedArray } from '../internal/shared-array.js'
import { vu } from '../internal/vu.js'

const host = ops<{
  claim(name: string): number | undefined
  append(name: string, lines: string): undefined
  publish(name: string): number
  release(name: string): undefined
}>('data', ['claim', 'append', 'publish', 'release'])

const portionLength = 64 * 1024

/** Calls the script's function and hands over what it returned, in portions: its JSON is never here as a whole. */
function make(name: string, fn: unknown): number {
  try {
    const made = call(fn, undefined)
    if (!isArray(made)) throw new GoError('only arrays can be made into SharedArray')
    let lines = ''
    for (let i = 0; i < made.length; i++) {
      // JSON has no line feed, so that one can stand between the elements.
      lines += `${stringifyJson(made[i])}\n`
      if (lines.length >= portionLength) {
        host.append(name, lines)
        lines = ''
      }
    }
    if (lines !== '') host.append(name, lines)
    return host.publish(name)
  } catch (e) {
    host.release(name)
    throw e
  }
}

/**
 * The array of that name. `fn` is called by whichever VM of the test asks first, once; all others get what it returned.
 *
 * @throws {GoError} with k6's texts, and LIMIT_SIZE by its text
 */
export const SharedArray = function SharedArray(name?: unknown, fn?: unknown): readonly unknown[] {
  if (new.target === undefined)
    throw new NativeTypeError("the constructor of SharedArray cannot be invoked without 'new'")
  if (vu.phase !== 'init') throw new GoError('new SharedArray must be called in the init context')
  const key = toText(name)
  if (key === '') throw new GoError("empty name provided to SharedArray's constructor")
  if (typeof fn !== 'function') {
    throw new GoError("a function is expected as the second argument of SharedArray's constructor")
  }
  if (isAsyncFunction(fn)) {
    throw new GoError('SharedArray constructor does not support async functions as second argument')
  }
  return sharedArray(host.claim(key) ?? make(key, fn))
} as unknown as new <T>(
  name: string,
  fn: () => T[],
) => T[]

export default { SharedArray }

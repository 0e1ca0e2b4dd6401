/** Guest half of `k6`: checks, groups, sleep, fail. */
import { asyncFunctionPrototype, isAsyncFunction } from '../internal/async-function.js'
import { cross, operationOf, ops, raise } from '../internal/bridge.js'
import { GoError } from '../internal/go-error.js'
import {
  getPrototypeOf,
  imul,
  keys,
  NativeTypeError,
  now,
  stringIncludes,
  toNumber,
  toText,
} from '../internal/primordials.js'
import { callerFrames } from '../internal/rehearsal.js'
import { record, recordCheck, type SampleTags, sampleTags, seriesOfCheck, write } from '../internal/samples.js'
import { currentTags, hasSystemTag, knownTagSet, presentTagSet, setGroupTag, type TagSet, vu } from '../internal/vu.js'

/** Answers with milliseconds of a clock that never jumps. */
const elapsedOperation = operationOf('clock', 'elapsed')
const sleepOperation = operationOf('clock', 'sleep')

const rehearsal = ops<{ gaveUp(reason: string, frames: string): undefined }>('rehearsal', ['gaveUp'])

function assertName(name: string): void {
  if (stringIncludes(name, '::')) throw new GoError("group and check names may not contain '::'")
}

/**
 * Tests `val` with each member of `sets` and records one sample of the metric `checks` for each; true when all passed.
 * A member that throws counts as failed, and its error goes on to the caller.
 */
export function check(...args: [val?: unknown, sets?: unknown, tags?: unknown]): boolean {
  if (vu.phase === 'init') throw new GoError('Using check() in the init context is not supported')
  if (args.length < 2) throw new GoError('no checks provided to `check`')
  const val = args[0]
  const sets = args[1]
  if (sets === undefined || sets === null) throw new NativeTypeError('Cannot convert undefined or null to object')
  const tags = args[2] === undefined ? undefined : sampleTags(args[2])
  const names = keys(sets as object)
  const time = now()
  let areAllTrue = true
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    // A call of ours takes as long as much of what follows: where there are samples of the check, nothing is called for it.
    const tagSet = knownTagSet ?? presentTagSet()
    const series = tags === undefined ? tagSet.byCheck[name] : seriesOfCheck(name, tags, tagSet)
    // Where there are samples of it, its name is fine.
    if (series === undefined) assertName(name)
    const test = (sets as Record<string, unknown>)[name]
    let hasPassed: boolean
    if (typeof test === 'function') {
      if (getPrototypeOf(test) === asyncFunctionPrototype) {
        throw new GoError(
          'the built-in check() does not support async functions as arguments. Use the JavaScript utils library as a ' +
            'replacement. Refer to https://grafana.com/docs/k6/latest/javascript-api/jslib/utils/check/ for more info',
        )
      }
      try {
        hasPassed = !!test(val)
      } catch (e) {
        recordOutcome(name, 0, time, tags, series, tagSet)
        throw e
      }
    } else {
      hasPassed = !!test
    }
    if (series !== undefined && tagSet === knownTagSet) write(series, hasPassed ? 1 : 0, time)
    else recordOutcome(name, hasPassed ? 1 : 0, time, tags, series, tagSet)
    if (!hasPassed) areAllTrue = false
  }
  return areAllTrue
}

function recordOutcome(
  name: string,
  value: number,
  time: number,
  tags: SampleTags | undefined,
  series: number | undefined,
  tagSet: TagSet,
): void {
  if (vu.hasCheckTag) recordCheck(name, value, time, tags, series, tagSet)
  else record('checks', value, time, tags)
}

/** Runs `fn` with the tag `group` set to `name` under the present group, and records how long it took. */
export function group<T>(name?: unknown, fn?: (() => T) | null): T {
  if (vu.phase === 'init') throw new GoError('Using group() in the init context is not supported')
  if (fn === undefined || fn === null) throw new GoError('group() requires a callback as a second argument')
  if (isAsyncFunction(fn)) {
    throw new GoError(
      'group() does not support async functions as arguments, please see ' +
        'https://grafana.com/docs/k6/latest/javascript-api/k6/group/ for more info',
    )
  }
  const label = toText(name)
  assertName(label)
  if (typeof fn !== 'function') throw new NativeTypeError(`could not convert function call parameter 1: not a function`)
  const parent = vu.group
  const begin = elapsed()
  // A group without a name is the one that it is in.
  enterGroup(label === '' ? parent : `${parent}::${label}`)
  try {
    return fn()
  } finally {
    record('group_duration', elapsed() - begin, now())
    enterGroup(parent)
  }
}

const elapsed = (): number => (cross(elapsedOperation) ?? raise()) as number

function enterGroup(path: string): void {
  vu.group = path
  if (currentTags().group !== undefined || hasSystemTag('group')) setGroupTag(path)
}

/** Blocks the VU for `seconds`, fractions included. */
export function sleep(seconds: unknown): void {
  const duration = toNumber(seconds)
  if (duration > 0 && cross(sleepOperation, duration) === null) raise()
}

/** Ends the iteration with an error of this text. */
export function fail(reason?: unknown): never {
  const text = reason === undefined ? '' : toText(reason)
  if (vu.isRehearsal && vu.phase !== 'init') rehearsal.gaveUp(text, callerFrames())
  throw new GoError(text)
}

/** Makes `Math.random` of this VU repeatable. */
export function randomSeed(seed: unknown): void {
  let state = toNumber(seed) | 0
  // Mulberry32: small, and good enough for what load tests draw. k6's own sequence is Go's and cannot be had elsewhere.
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export default { check, fail, group, randomSeed, sleep }

/** Guest half of `k6/metrics`: custom metrics. */
import { ops } from '../internal/bridge.js'
import { warn } from '../internal/console.js'
import { safeText } from '../internal/describe-error.js'
import { GoError } from '../internal/go-error.js'
import {
  defineProperty,
  isNaNNumber,
  NativeTypeError,
  now,
  stringSlice,
  toNumber,
  toText,
} from '../internal/primordials.js'
import { record, type SampleTags, sampleTags } from '../internal/samples.js'
import { TagError, vu } from '../internal/vu.js'

const host = ops<{ declare(name: string, type: string, isTime: boolean): undefined }>('metrics', ['declare'])

const longestShown = 100

/** A value in a message, cut in the middle when it is long. */
function shown(value: unknown): string {
  const text = safeText(value)
  if (text.length <= longestShown) return text
  const half = longestShown / 2
  const omitted = text.length - longestShown
  return `${stringSlice(text, 0, half)}… omitting ${omitted} characters …${stringSlice(text, text.length - half)}`
}

/** A value as a number; NaN when it is none. Booleans count, and objects that are true but no number are 1. */
function numberFrom(value: unknown): number {
  if (typeof value === 'number') return value
  if (value === true) return 1
  if (value === false) return 0
  if (value === null || value === undefined) return NaN
  return toNumber(value)
}

/** A metric of the script's own. */
export interface CustomMetric {
  readonly name: string
  add(value?: unknown, tags?: unknown): boolean
}

function declare(type: string, args: unknown[]): CustomMetric {
  if (vu.phase !== 'init') throw new GoError('metrics must be declared in the init context')
  const name = args[0] === undefined ? '' : toText(args[0])
  host.declare(name, type, !!args[1])
  const metric = {
    add(...values: [value?: unknown, tags?: unknown]): boolean {
      if (vu.phase === 'init') throw new GoError('Adding to metrics in the init context is not supported')
      if (values.length === 0) return refuse(`no value was provided for metric '${name}'`)
      const number = numberFrom(values[0])
      if (isNaNNumber(number)) return refuse(`'${shown(values[0])}' is an invalid value for metric '${name}'`)
      record(name, number, now(), tagsOf(name, values[1]))
      return true
    },
  } as CustomMetric
  defineProperty(metric, 'name', { value: name, enumerable: true })
  return metric
}

function tagsOf(metric: string, tags: unknown): SampleTags | undefined {
  if (tags === undefined) return undefined
  try {
    return sampleTags(tags)
  } catch (e) {
    if (e instanceof TagError) throw new GoError(`cannot add tags for the '${metric}' custom metric: ${e.message}`)
    throw e
  }
}

function refuse(why: string): false {
  const text = `${why}, a number or a boolean value is expected`
  if (vu.throwOnWarnings) throw new GoError(text)
  warn(text)
  return false
}

function constructorFor(type: string) {
  return function Metric(this: unknown, ...args: unknown[]): CustomMetric {
    if (new.target === undefined) throw new NativeTypeError("a metric's constructor cannot be invoked without 'new'")
    return declare(type, args)
  }
}

export const Counter = constructorFor('counter')
export const Gauge = constructorFor('gauge')
export const Rate = constructorFor('rate')
export const Trend = constructorFor('trend')

export default { Counter, Gauge, Rate, Trend }

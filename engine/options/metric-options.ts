/**
 * The options about samples and the summary: system tags, trend statistics, thresholds as written. What a threshold's
 * expression means is parsed elsewhere.
 */
import { formatDuration } from '../../go/duration.js'
import { GoSyntaxError, parseFloat64 } from '../../go/number.js'
import {
  fieldFor,
  isJsonObject,
  type JsonValue,
  readDurationMs,
  readField,
  readList,
  readMap,
  readPlainString,
  readStrings,
  sortedKeys,
  typeError,
} from './json-reader.js'

/** All system tags of k6. */
export const systemTagNames = [
  'proto',
  'subproto',
  'status',
  'method',
  'url',
  'name',
  'group',
  'check',
  'error',
  'error_code',
  'tls_version',
  'scenario',
  'service',
  'expected_response',
  'iter',
  'vu',
  'ocsp_status',
  'ip',
] as const
export type SystemTag = (typeof systemTagNames)[number]

/** The system tags that samples have when nobody chose, sorted. */
export const defaultSystemTags: readonly SystemTag[] = sortedTags(
  systemTagNames.filter((tag) => !['iter', 'vu', 'ocsp_status', 'ip'].includes(tag)),
)
export const defaultSummaryTrendStats: readonly string[] = ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)']

/** A threshold as the script has it. */
export interface ThresholdSpec {
  /** The expression, not parsed: `p(95)<200`. */
  readonly threshold: string
  readonly abortOnFail: boolean
  /** How long into the test an abort is put off; undefined does not put it off. */
  readonly delayAbortEvalMs?: number
}

/** The known ones of `names`, each once, sorted. Others are overlooked, as k6 does. */
export function systemTags(names: readonly string[]): SystemTag[] {
  const wanted = new Set<string>(names)
  return sortedTags(systemTagNames.filter((tag) => wanted.has(tag)))
}

function sortedTags(tags: SystemTag[]): SystemTag[] {
  return [...tags].sort()
}

/** Reads the option `systemTags`; undefined for null. */
export function readSystemTags(value: unknown): SystemTag[] | undefined {
  const names = readStrings(value)
  return names === undefined ? undefined : systemTags(names)
}

/**
 * Refuses a statistic that a trend does not have.
 *
 * @throws {GoSyntaxError} with the text of k6
 */
export function checkTrendStats(stats: readonly string[]): readonly string[] {
  for (const stat of stats) {
    if (['avg', 'min', 'med', 'max', 'count'].includes(stat)) continue
    if (!stat.startsWith('p(') || !stat.endsWith(')')) {
      throw new GoSyntaxError(`invalid trend stat '${stat}', unknown format`)
    }
    const percentile = parseFloat64(stat.slice(2, -1))
    // NaN passes in k6, for it is neither below 0 nor above 100; it makes no statistic, so it is refused
    if (percentile === undefined || !(percentile >= 0 && percentile <= 100)) {
      throw new GoSyntaxError(`invalid percentile trend stat value '${stat}', provide a number between 0 and 100`)
    }
  }
  return stats
}

/**
 * Refuses a unit of time that the summary does not have.
 *
 * @throws {GoSyntaxError} with the text of k6
 */
export function checkTimeUnit(unit: string): string {
  if (['', 's', 'ms', 'us'].includes(unit)) return unit
  throw new GoSyntaxError(`invalid summary time unit '${unit}', use 's', 'ms' or 'us'`)
}

/** Reads the option `thresholds`: lists of expressions or `{threshold, abortOnFail, delayAbortEval}` by metric. */
export function readThresholds(value: unknown): Map<string, readonly ThresholdSpec[]> | undefined {
  return readMap(value, 'map[string]metrics.Thresholds', (list) => {
    return readList(list, '[]metrics.thresholdConfig', readThreshold) ?? []
  })
}

function readThreshold(value: unknown): ThresholdSpec {
  if (typeof value === 'string') return { threshold: value, abortOnFail: false }
  if (value === null) return { threshold: '', abortOnFail: false }
  if (!isJsonObject(value)) throw typeError(value, 'metrics.rawThresholdConfig')
  let spec: ThresholdSpec = { threshold: '', abortOnFail: false }
  for (const key of sortedKeys(value)) {
    const member = value[key]
    const field = fieldFor(['threshold', 'abortOnFail', 'delayAbortEval'], key)
    if (field === 'threshold') {
      spec = { ...spec, threshold: readField('rawThresholdConfig', field, () => readPlainString(member)) }
    } else if (field === 'abortOnFail' && member !== null) {
      if (typeof member !== 'boolean') throw typeError(member, 'bool').within('rawThresholdConfig', field)
      spec = { ...spec, abortOnFail: member }
    } else if (field === 'delayAbortEval') {
      spec = { ...spec, delayAbortEvalMs: readDurationMs(member) }
    }
  }
  return spec
}

/** A threshold as `exec.test.options` shows it: only its expression unless it aborts. */
export function thresholdJson(spec: ThresholdSpec): JsonValue {
  if (!spec.abortOnFail) return spec.threshold
  const delayMs = spec.delayAbortEvalMs
  return {
    threshold: spec.threshold,
    abortOnFail: true,
    delayAbortEval: delayMs === undefined ? null : formatDuration(delayMs),
  }
}

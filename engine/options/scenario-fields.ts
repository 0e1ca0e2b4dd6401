/**
 * The fields of scenarios in JSON: reads them strictly, as k6 does, and shows them. Which fields there are depends on the
 * executor. Whether the values make sense is judged in `scenario-problems.ts`.
 */
import { formatDuration } from '../../go/duration.js'
import { GoSyntaxError } from '../../go/number.js'
import { goQuote } from '../../go/quote.js'
import {
  fieldFor,
  isJsonObject,
  type JsonValue,
  jsonObject,
  readDurationMs,
  readField,
  readInt,
  readList,
  readString,
  readStringMap,
  sortedKeys,
  typeError,
} from './json-reader.js'
import { type ExecutorName, executorNames, type ScenarioSpec, type StageSpec } from './scenario.js'

const commonFields = ['executor', 'startTime', 'gracefulStop', 'env', 'exec', 'tags', 'options'] as const
/** The executors' own fields, in the order in which `exec.test.options` shows them. */
const ownFields = {
  'shared-iterations': ['vus', 'iterations', 'maxDuration'],
  'per-vu-iterations': ['vus', 'iterations', 'maxDuration'],
  'constant-vus': ['vus', 'duration'],
  'ramping-vus': ['startVUs', 'stages', 'gracefulRampDown'],
  'constant-arrival-rate': ['rate', 'timeUnit', 'duration', 'preAllocatedVUs', 'maxVUs'],
  'ramping-arrival-rate': ['startRate', 'timeUnit', 'stages', 'preAllocatedVUs', 'maxVUs'],
} as const satisfies Record<ExecutorName, readonly string[]>
type FieldName = (typeof commonFields)[number] | (typeof ownFields)[ExecutorName][number]

const goStructs: Record<ExecutorName, string> = {
  'shared-iterations': 'SharedIterationsConfig',
  'per-vu-iterations': 'PerVUIterationsConfig',
  'constant-vus': 'ConstantVUsConfig',
  'ramping-vus': 'RampingVUsConfig',
  'constant-arrival-rate': 'ConstantArrivalRateConfig',
  'ramping-arrival-rate': 'RampingArrivalRateConfig',
}

/**
 * Reads the value of the option `scenarios`.
 *
 * @returns undefined for null
 * @throws {GoSyntaxError | GoTypeError} for the first thing that cannot be read, with the text of k6
 */
export function readScenarios(value: unknown): Map<string, ScenarioSpec> | undefined {
  if (value === null) return undefined
  if (!isJsonObject(value)) throw typeError(value, 'map[string]lib.protoExecutorConfig')
  const found = sortedKeys(value).map((name) => [name, value[name], executorOf(value[name])] as const)
  return new Map(found.map(([name, raw, executor]) => [name, readScenario(name, executor, raw)]))
}

function executorOf(raw: unknown): string {
  if (raw === null) return ''
  if (!isJsonObject(raw)) throw typeError(raw, 'struct { ExecutorType string "json:\\"executor\\"" }')
  let executor = ''
  for (const key of sortedKeys(raw)) {
    if (fieldFor(['executor'], key) === undefined || raw[key] === null) continue
    const value = raw[key]
    if (typeof value !== 'string') throw typeError(value, 'string').within('', 'executor')
    executor = value
  }
  return executor
}

function readScenario(name: string, executor: string, raw: unknown): ScenarioSpec {
  if (executor === '') throw new GoSyntaxError(`scenario '${name}' doesn't have a specified executor type`)
  const known = executorNames.find((candidate) => candidate === executor)
  if (known === undefined) throw new GoSyntaxError(`unknown executor type '${executor}'`)
  const spec: ScenarioSpec = { executor: known }
  const names: readonly string[] = [...commonFields, ...ownFields[known]]
  let unknown: string | undefined
  const object = isJsonObject(raw) ? raw : {}
  for (const key of sortedKeys(object)) {
    const field = fieldFor(names, key)
    if (field === undefined) unknown ??= key
    else readField(goStructs[known], field, () => readInto(spec, field as FieldName, object[key]))
  }
  if (unknown !== undefined) throw new GoSyntaxError(`json: unknown field ${goQuote(unknown)}`)
  return spec
}

/** Sets what `field` says. A null leaves the default in force. */
function readInto(spec: ScenarioSpec, field: FieldName, value: unknown): void {
  switch (field) {
    case 'executor':
      return
    case 'startTime':
      spec.startTimeMs = readDurationMs(value)
      return
    case 'gracefulStop':
      spec.gracefulStopMs = readDurationMs(value)
      return
    case 'env':
      spec.env = readStringMap(value)
      return
    case 'exec':
      spec.exec = readString(value)
      return
    case 'tags':
      spec.tags = readStringMap(value)
      return
    case 'options':
      spec.options = readScenarioOptions(value)
      return
    case 'vus':
      spec.vus = readInt(value)
      return
    case 'iterations':
      spec.iterations = readInt(value)
      return
    case 'maxDuration':
      spec.maxDurationMs = readDurationMs(value)
      return
    case 'duration':
      spec.durationMs = readDurationMs(value)
      return
    case 'startVUs':
      spec.startVUs = readInt(value)
      return
    case 'stages':
      spec.stages = readList(value, '[]executor.Stage', readStrictStage)
      return
    case 'gracefulRampDown':
      spec.gracefulRampDownMs = readDurationMs(value)
      return
    case 'rate':
      spec.rate = readInt(value)
      return
    case 'startRate':
      spec.startRate = readInt(value)
      return
    case 'timeUnit':
      spec.timeUnitMs = readDurationMs(value)
      return
    case 'preAllocatedVUs':
      spec.preAllocatedVUs = readInt(value)
      return
    case 'maxVUs':
      spec.maxVUs = readInt(value)
      return
  }
}

function readScenarioOptions(value: unknown): JsonValue | undefined {
  if (value === null) return undefined
  if (!isJsonObject(value)) throw typeError(value, 'lib.ScenarioOptions')
  for (const key of sortedKeys(value)) {
    if (fieldFor(['browser'], key) === undefined) throw new GoSyntaxError(`json: unknown field ${goQuote(key)}`)
  }
  return value as { [key: string]: JsonValue }
}

function readStrictStage(value: unknown): StageSpec {
  if (value === null) return {}
  if (!isJsonObject(value)) throw typeError(value, 'executor.Stage')
  const stray = sortedKeys(value).find((key) => fieldFor(['duration', 'target'], key) === undefined)
  const stage = readStage(value)
  if (stray !== undefined) throw new GoSyntaxError(`json: unknown field ${goQuote(stray)}`)
  return stage
}

/**
 * Reads one stage of the option `stages`, where k6 overlooks unknown keys.
 *
 * @throws {GoSyntaxError | GoTypeError}
 */
export function readStage(value: unknown): StageSpec {
  if (value === null) return {}
  if (!isJsonObject(value)) throw typeError(value, 'lib.StageFields')
  let durationMs: number | undefined
  let target: number | undefined
  for (const key of sortedKeys(value)) {
    const field = fieldFor(['duration', 'target'], key)
    if (field === 'duration') durationMs = readField('Stage', field, () => readDurationMs(value[key]))
    if (field === 'target') target = readField('Stage', field, () => readInt(value[key]))
  }
  return { durationMs, target }
}

/** A scenario as `exec.test.options` shows it: all fields of its executor, null where it says nothing. */
export function scenarioJson(spec: ScenarioSpec): JsonValue {
  const duration = (ms: number | undefined) => (ms === undefined ? null : formatDuration(ms))
  const texts = (map: ReadonlyMap<string, string> | undefined) => (map === undefined ? null : jsonObject(sorted(map)))
  const values: Record<Exclude<FieldName, 'options'>, JsonValue> = {
    executor: spec.executor,
    startTime: duration(spec.startTimeMs),
    gracefulStop: duration(spec.gracefulStopMs),
    env: texts(spec.env),
    exec: spec.exec ?? null,
    tags: texts(spec.tags),
    vus: spec.vus ?? null,
    iterations: spec.iterations ?? null,
    maxDuration: duration(spec.maxDurationMs),
    duration: duration(spec.durationMs),
    startVUs: spec.startVUs ?? null,
    stages: spec.stages === undefined ? null : spec.stages.map(stageJson),
    gracefulRampDown: duration(spec.gracefulRampDownMs),
    rate: spec.rate ?? null,
    startRate: spec.startRate ?? null,
    timeUnit: duration(spec.timeUnitMs),
    preAllocatedVUs: spec.preAllocatedVUs ?? null,
    maxVUs: spec.maxVUs ?? null,
  }
  const entries: [string, JsonValue][] = []
  for (const name of [...commonFields, ...ownFields[spec.executor]]) {
    if (name !== 'options') entries.push([name, values[name]])
    else if (spec.options !== undefined) entries.push([name, spec.options])
  }
  return jsonObject(entries)
}

/** A stage as `exec.test.options` shows it. */
export function stageJson(stage: StageSpec): JsonValue {
  return {
    duration: stage.durationMs === undefined ? null : formatDuration(stage.durationMs),
    target: stage.target ?? null,
  }
}

function sorted(map: ReadonlyMap<string, string>): [string, string][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
}

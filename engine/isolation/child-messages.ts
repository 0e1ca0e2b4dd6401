/**
 * Reads what the process of a run says. A script may have taken it over, so nothing of it is believed but its shape: what is
 * not exactly as protocol.ts has it is refused, and the process with it.
 */
import { type ErrorCode, errorCodes } from '../../errors.js'
import type { Finding, Place } from '../../host/rehearsal/finding.js'
import type { LogLine } from '../../host/vu-context.js'
import type { Metric } from '../../metrics/metric.js'
import { defaultBufferLimits, maxPathNames } from '../../metrics/sample-buffer.js'
import {
  type DroppedSamples,
  type SampleBatch,
  type SeriesDefinition,
  sampleLimits,
  sampleWidth,
} from '../../metrics/series.js'
import type { AuditRecord, RuleSection } from '../../policy/audit.js'
import type { Limits } from '../../policy/limits.js'
import type { GuestFailure } from '../../runtime/event-loop.js'
import type { StoppedVu } from '../losses.js'
import type { RunResult } from '../run.js'
import type { ChildParts } from './frames.js'
import { type LoadedReport, type ReportedError, type StateReport, textBounds } from './protocol.js'
import {
  defined,
  flag,
  integer,
  list,
  nullable,
  number,
  oneOf,
  optional,
  readObject,
  ShapeError,
  text,
} from './read-shape.js'

const most = Number.MAX_SAFE_INTEGER
/** What a Date can hold, so that no output fails over a time. */
const maxTimeMs = 8.64e15
const maxScenarios = 10_000
const maxThreads = 1024

const count = integer(0, most)
const time = number(0, maxTimeMs)
const name = text(512)
const shortText = text(textBounds.short)
const longText = text(textBounds.long)
const messageText = text(textBounds.message)

/** A message of the child without what depends on its kind. */
export type ReadMessage =
  | { kind: 'alive' }
  | { kind: 'answer'; id: number; value: unknown; binary: Buffer }
  | { kind: 'refusal'; id: number; error: ReportedError }
  | { kind: 'state'; state: StateReport }
  | { kind: 'setup'; json: string | undefined }
  | { kind: 'samples'; thread: number; batch: SampleBatch }
  | { kind: 'log'; lines: LogLine[] }
  | { kind: 'audit'; records: AuditRecord[]; dropped: number }
  | { kind: 'finding'; finding: Finding }
  | { kind: 'secretWanted'; request: number; source: string | undefined; key: string }
  | { kind: 'summaryWanted' }

/** @throws {ShapeError} */
export function readMessage({ json, binary }: ChildParts, limits: Limits): ReadMessage {
  const get = readObject(json, 'a message')
  const kind = get('kind')
  switch (kind) {
    case 'alive':
    case 'summaryWanted':
      return { kind }
    case 'answer':
      return { kind, id: count(get('id'), 'id'), value: get('value'), binary }
    case 'refusal':
      return { kind, id: count(get('id'), 'id'), error: readError(get('error'), 'error') }
    case 'state':
      return { kind, state: readState(get('state')) }
    case 'setup':
      return { kind, json: flag(get('isSet'), 'isSet') ? readSetup(binary, limits) : undefined }
    case 'samples':
      return { kind, thread: integer(-1, maxThreads)(get('thread'), 'thread'), batch: readBatch(get, binary, limits) }
    case 'log':
      return { kind, lines: list(10_000, readLine)(get('lines'), 'lines') }
    case 'audit':
      return {
        kind,
        records: list(1000, readRecord)(get('records'), 'records'),
        dropped: count(get('dropped'), 'dropped'),
      }
    case 'finding':
      return { kind, finding: readFinding(get('finding')) }
    case 'secretWanted': {
      const source = nullable(shortText)(get('source'), 'source')
      return { kind, request: count(get('request'), 'request'), source, key: longText(get('key'), 'key') }
    }
  }
  throw new ShapeError('a message of no kind that there is')
}

function readCode(value: unknown): ErrorCode {
  const code = name(value, 'code')
  if (!Object.hasOwn(errorCodes, code)) throw new ShapeError('an error without a code that there is')
  return code as ErrorCode
}

function readError(value: unknown, what: string): ReportedError {
  const get = readObject(value, what)
  return defined({
    code: readCode(get('code')),
    message: messageText(get('message'), 'message'),
    hint: optional(shortText)(get('hint'), 'hint'),
    failure: optional(readFailure)(get('failure'), 'failure'),
    exitCode: integer(1, 255)(get('exitCode'), 'exitCode'),
    isStackTrace: flag(get('isStackTrace'), 'isStackTrace'),
  })
}

function readFailure(value: unknown, what: string): GuestFailure {
  const get = readObject(value, what)
  return defined({
    text: longText(get('text'), 'text'),
    frames: longText(get('frames'), 'frames'),
    isFromPromise: flag(get('isFromPromise'), 'isFromPromise'),
    isEncodingError: optional(flag)(get('isEncodingError'), 'isEncodingError'),
  })
}

function readState(value: unknown): StateReport {
  const get = readObject(value, 'state')
  const scenario = (item: unknown, what: string) => {
    const of = readObject(item, what)
    return {
      status: oneOf('waiting', 'running', 'stopping', 'interrupted', 'done')(of('status'), 'status'),
      elapsedMs: number(-maxTimeMs, maxTimeMs)(of('elapsedMs'), 'elapsedMs'),
      completed: count(of('completed'), 'completed'),
      interrupted: count(of('interrupted'), 'interrupted'),
      activeVus: count(of('activeVus'), 'activeVus'),
      allocatedVus: count(of('allocatedVus'), 'allocatedVus'),
    }
  }
  return {
    phase: oneOf('init', 'paused', 'setup', 'run', 'teardown', 'ended')(get('phase'), 'phase'),
    elapsedMs: nullable(number(-maxTimeMs, maxTimeMs))(get('elapsedMs'), 'elapsedMs') ?? null,
    initializedVus: count(get('initializedVus'), 'initializedVus'),
    activeVus: count(get('activeVus'), 'activeVus'),
    completed: count(get('completed'), 'completed'),
    interrupted: count(get('interrupted'), 'interrupted'),
    scenarios: list(maxScenarios, scenario)(get('scenarios'), 'scenarios'),
    isPaused: flag(get('isPaused'), 'isPaused'),
    isStopping: flag(get('isStopping'), 'isStopping'),
    isMarkedFailed: flag(get('isMarkedFailed'), 'isMarkedFailed'),
  }
}

function readSetup(binary: Buffer, { setupDataBytes }: Limits): string {
  // The limit is counted in letters where the script returns.
  return readJsonText(binary, setupDataBytes * 3, 'what setup() returned').text
}

/** A text of JSON, and what it says. */
export function readJsonText(binary: Buffer, maxBytes: number, what: string): { text: string; value: unknown } {
  if (binary.length > maxBytes) throw new ShapeError(`${what} has ${binary.length} bytes; it may have ${maxBytes}`)
  const json = binary.toString('utf8')
  try {
    return { text: json, value: JSON.parse(json) }
  } catch {
    throw new ShapeError(`${what} is not JSON`)
  }
}

const metric = (value: unknown, what: string): Metric => {
  const get = readObject(value, what)
  return {
    name: text(129)(get('name'), 'name'),
    type: oneOf('counter', 'gauge', 'rate', 'trend')(get('type'), 'type'),
    contains: oneOf('default', 'time', 'data')(get('contains'), 'contains'),
  }
}

/** What sample-buffer.ts lets through, in letters, of which there are no more than bytes. */
const tagWithin =
  ({ tagBytes, nameBytes }: Limits) =>
  (value: unknown, what: string): [string, string] => {
    if (!Array.isArray(value) || value.length !== 2) throw new ShapeError(`${what} is no tag`)
    const tag = text(Math.max(tagBytes, 'check'.length))(value[0], what)
    const longest = tag === 'check' ? nameBytes : tag === 'group' ? maxPathNames * (nameBytes + 2) : tagBytes
    return [tag, text(longest)(value[1], what)]
  }

const seriesWithin = (limits: Limits) => {
  const tags = list(limits.tags, tagWithin(limits))
  // Ids of series that last are counted up, and index an array.
  const lastId = Math.min(limits.series, defaultBufferLimits.maxKnownSeries)
  return (value: unknown, what: string): SeriesDefinition => {
    const get = readObject(value, what)
    const id = integer(-most, most)(get('id'), 'id')
    const metadata = optional(tags)(get('metadata'), 'metadata')
    if (id === 0 || id > lastId) throw new ShapeError('the id of a series is wrong')
    if (id > 0 && metadata !== undefined) throw new ShapeError('a series that lasts has metadata')
    return defined({ id, metric: metric(get('metric'), 'metric'), tags: tags(get('tags'), 'tags'), metadata })
  }
}

function readDrops(value: unknown): DroppedSamples {
  const get = readObject(value, 'droppedBy')
  const told = sampleLimits.flatMap((limit) => (get(limit) === undefined ? [] : [[limit, count(get(limit), limit)]]))
  return Object.fromEntries(told)
}

function readBatch(get: (name: string) => unknown, binary: Buffer, limits: Limits): SampleBatch {
  const definitions = list(100_000, seriesWithin(limits))(get('series'), 'series')
  if (binary.length % (8 * sampleWidth) !== 0) throw new ShapeError('samples are cut off')
  const samples = new Float64Array(binary.length / 8)
  new Uint8Array(samples.buffer).set(binary)
  for (let i = 0; i < samples.length; i += sampleWidth) {
    const at = samples[i + 1]!
    const isTime = at >= 0 && at <= maxTimeMs
    if (!Number.isSafeInteger(samples[i]) || !isTime || Number.isNaN(samples[i + 2])) {
      throw new ShapeError('a sample is wrong')
    }
  }
  const droppedSamples = count(get('dropped'), 'dropped')
  return { series: definitions, samples, droppedSamples, droppedBy: readDrops(get('droppedBy')) }
}

function readLine(value: unknown, what: string): LogLine {
  const get = readObject(value, what)
  const given = get('fields')
  if (typeof given !== 'object' || given === null || Object.keys(given).length > 32) {
    throw new ShapeError(`${what} has no fields`)
  }
  const fields: Record<string, string> = {}
  for (const [key, field] of Object.entries(given)) {
    if (!/^[a-z][\w.-]{0,63}$/i.test(key)) throw new ShapeError(`${what} has a field with a wrong name`)
    fields[key] = longText(field, key)
  }
  return {
    level: oneOf('debug', 'info', 'warning', 'error')(get('level'), 'level'),
    msg: messageText(get('msg'), 'msg'),
    fields,
    timeMs: time(get('timeMs'), 'timeMs'),
  }
}

function readRecord(value: unknown, what: string): AuditRecord {
  const get = readObject(value, what)
  const section = name(get('section'), 'section')
  if (!/^(network|grpcMethods|files\.(read|write)|env|modules|limits\.[a-zA-Z]+)$/.test(section)) {
    throw new ShapeError(`${what} is of no part of a policy`)
  }
  return {
    timeMs: time(get('timeMs'), 'timeMs'),
    section: section as RuleSection,
    rule: shortText(get('rule'), 'rule'),
    subject: shortText(get('subject'), 'subject'),
    vu: count(get('vu'), 'vu'),
    count: count(get('count'), 'count'),
  }
}

function readPlace(value: unknown, what: string): Place {
  const get = readObject(value, what)
  const position = integer(0, 1e9)
  return {
    file: shortText(get('file'), 'file'),
    line: position(get('line'), 'line'),
    column: position(get('column'), 'column'),
  }
}

function readFinding(value: unknown): Finding {
  const get = readObject(value, 'finding')
  return defined({
    severity: oneOf('error', 'warning', 'notice')(get('severity'), 'severity'),
    text: longText(get('text'), 'text'),
    hint: optional(longText)(get('hint'), 'hint'),
    place: optional(readPlace)(get('place'), 'place'),
    during: optional(shortText)(get('during'), 'during'),
  })
}

/** @throws {ShapeError} */
export function readLoaded(value: unknown, limits: Limits): LoadedReport {
  const get = readObject(value, 'the script')
  const exported = list(100_000, shortText)
  const remote = (item: unknown, what: string): LoadedReport['remotes'][number] => {
    if (!Array.isArray(item) || item.length !== 2) throw new ShapeError(`${what} is no module`)
    const of = readObject(item[1], what)
    const sha256 = text(64)(of('sha256'), 'sha256')
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new ShapeError(`${what} has no hash`)
    const redirectedTo = optional(shortText)(of('redirectedTo'), 'redirectedTo')
    return [shortText(item[0], what), defined({ sha256, bytes: count(of('bytes'), 'bytes'), redirectedTo })]
  }
  return {
    functions: exported(get('functions'), 'functions'),
    others: exported(get('others'), 'others'),
    metrics: list(20_000, metric)(get('metrics'), 'metrics'),
    remotes: list(limits.moduleCount, remote)(get('remotes'), 'remotes'),
    nativeNames: list(1000, name)(get('nativeNames'), 'nativeNames'),
  }
}

/** As many as losses.ts keeps. */
const maxStopped = 1000

function readStopped(value: unknown, what: string): StoppedVu {
  const get = readObject(value, what)
  return {
    vu: nullable(count)(get('vu'), 'vu'),
    code: readCode(get('code')),
    reason: shortText(get('reason'), 'reason'),
  }
}

/** @throws {ShapeError} */
export function readResult(
  value: unknown,
): Omit<RunResult, 'error' | 'setupData'> & { error: ReportedError | undefined } {
  const get = readObject(value, 'the result')
  return {
    error: nullable(readError)(get('error'), 'error'),
    startedAtMs: time(get('startedAtMs'), 'startedAtMs'),
    durationMs: number(0, maxTimeMs)(get('durationMs'), 'durationMs'),
    hasHandleSummary: flag(get('hasHandleSummary'), 'hasHandleSummary'),
    hasBegun: flag(get('hasBegun'), 'hasBegun'),
    stopped: list(maxStopped, readStopped)(get('stopped'), 'stopped'),
    cpuMs: number(0, maxTimeMs)(get('cpuMs'), 'cpuMs'),
  }
}

/**
 * What handleSummary returned, checked to be what the guest half writes.
 *
 * @throws {ShapeError}
 */
export function readSummary(binary: Buffer, maxBytes: number): string {
  const { text: json, value } = readJsonText(binary, maxBytes, 'the summary')
  const entry = (item: unknown, what: string) => {
    const isEntry = Array.isArray(item) && item.length === 3 && item.every((part) => typeof part === 'string')
    if (!isEntry || (item[1] !== 'text' && item[1] !== 'base64')) throw new ShapeError(`${what} is no file`)
  }
  list(100_000, entry)(value, 'the summary')
  return json
}

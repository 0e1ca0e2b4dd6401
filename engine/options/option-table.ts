/**
 * The table of options: the type of all of them, and for each its names in scripts, files and the environment, how it is
 * read and how it is shown. To add an option, add a line to `Options` and one to `optionFields`.
 */

import { formatDuration, parseDuration, parseGoDuration } from '../../go/duration.js'
import { GoSyntaxError, parseInt64 } from '../../go/number.js'
import { goQuote } from '../../go/quote.js'
import {
  formatSegment,
  formatSegmentSequence,
  parseSegment,
  parseSegmentSequence,
  type Segment,
  type SegmentSequence,
} from '../plan/segment.js'
import {
  type JsonValue,
  jsonObject,
  readBool,
  readDurationMs,
  readInt,
  readList,
  readString,
  readStringMap,
  readStrings,
  typeError,
} from './json-reader.js'
import { checkLocalIPs } from './local-ips.js'
import {
  readSystemTags,
  readThresholds,
  type SystemTag,
  systemTags,
  type ThresholdSpec,
  thresholdJson,
} from './metric-options.js'
import {
  checkHostnames,
  type DnsSpec,
  parseDns,
  parseTlsCipherSuites,
  readCidr,
  readDns,
  readHosts,
  readTlsAuth,
  readTlsCipherSuites,
  readTlsVersion,
  type TlsAuth,
  type TlsVersionRange,
} from './network-options.js'
import type { ScenarioSpec, StageSpec } from './scenario.js'
import { readScenarios, readStage, scenarioJson, stageJson } from './scenario-fields.js'

/** What one source says about a test; undefined is what it does not say. Times in ms. */
export interface Options {
  paused?: boolean
  vus?: number
  durationMs?: number
  iterations?: number
  /** An empty list is not the same as none. */
  stages?: readonly StageSpec[]
  scenarios?: ReadonlyMap<string, ScenarioSpec>
  executionSegment?: Segment
  executionSegmentSequence?: SegmentSequence
  noSetup?: boolean
  setupTimeoutMs?: number
  noTeardown?: boolean
  teardownTimeoutMs?: number
  handleSummaryTimeoutMs?: number
  rps?: number
  dns?: DnsSpec
  maxRedirects?: number
  userAgent?: string
  batch?: number
  batchPerHost?: number
  httpDebug?: string
  insecureSkipTLSVerify?: boolean
  tlsCipherSuites?: readonly string[]
  tlsVersion?: TlsVersionRange
  tlsAuth?: readonly TlsAuth[]
  throw?: boolean
  thresholds?: ReadonlyMap<string, readonly ThresholdSpec[]>
  /** Networks, masked: `10.0.0.0/8`. */
  blacklistIPs?: readonly string[]
  /** Host names, or `*` in front of one; case does not count. */
  blockHostnames?: readonly string[]
  /** Host patterns in lower case, each to `ip` or `ip:port`. */
  hosts?: ReadonlyMap<string, string>
  noConnectionReuse?: boolean
  noVUConnectionReuse?: boolean
  minIterationDurationMs?: number
  cloud?: JsonValue
  ext?: JsonValue
  summaryTrendStats?: readonly string[]
  summaryTimeUnit?: string
  systemTags?: readonly SystemTag[]
  tags?: ReadonlyMap<string, string>
  metricSamplesBufferSize?: number
  noCookiesReset?: boolean
  discardResponseBodies?: boolean
  features?: readonly string[]
  consoleOutput?: string
  /** Addresses, ranges and networks separated by commas. */
  localIPs?: string
  /** Outputs as `name=argument`; not an option of scripts. */
  out?: readonly string[]
  /** Whether to wait for Ctrl-C at the end; not an option of scripts. */
  linger?: boolean
  noUsageReport?: boolean
  webDashboard?: boolean
}

/** How the values of one type are read and shown. */
interface Type<T> {
  /** Go's name of it, for the errors about K6_ variables. */
  readonly goType: string
  readonly fromJson: (value: unknown) => T | undefined
  /** Reads the value of a K6_ variable. */
  readonly fromText?: (text: string) => T | undefined
  readonly toJson: (value: T) => JsonValue
}

const integer: Type<number> = {
  goType: 'null.Int',
  fromJson: readInt,
  fromText: (text) => (text === '' || text === 'null' ? undefined : parseInt64(text)),
  toJson: (value) => value,
}
const boolean: Type<boolean> = {
  goType: 'null.Bool',
  fromJson: readBool,
  fromText: (text) => {
    if (text === '' || text === 'null') return undefined
    if (text === 'true' || text === 'false') return text === 'true'
    throw new GoSyntaxError(`invalid input:${text}`)
  },
  toJson: (value) => value,
}
const string: Type<string> = {
  goType: 'null.String',
  fromJson: readString,
  fromText: (text) => (text === '' ? undefined : text),
  toJson: (value) => value,
}
const duration: Type<number> = {
  goType: 'types.NullDuration',
  fromJson: readDurationMs,
  fromText: (text) => (text === '' ? undefined : parseDuration(text)),
  toJson: formatDuration,
}
const strings: Type<readonly string[]> = {
  goType: '[]string',
  fromJson: readStrings,
  fromText: (text) => (text.trim() === '' ? [] : text.split(',')),
  toJson: (value) => value,
}
const stages: Type<readonly StageSpec[]> = {
  goType: '[]lib.Stage',
  fromJson: (value) => readList(value, '[]lib.Stage', readStage),
  fromText: (text) => (text.trim() === '' ? [] : text.split(',').map(parseStage)),
  toJson: (value) => value.map(stageJson),
}
const stringMap: Type<ReadonlyMap<string, string>> = {
  goType: 'map[string]string',
  fromJson: readStringMap,
  fromText: parsePairs,
  toJson: jsonObject,
}
const rawJson: Type<NonNullable<JsonValue>> = {
  goType: 'json.RawMessage',
  fromJson: (value) => (value === null ? undefined : (value as NonNullable<JsonValue>)),
  toJson: (value) => value,
}

/** Reads `10s:5`; both sides may be missing. @throws {GoSyntaxError} */
export function parseStage(text: string): StageSpec {
  const colon = text.indexOf(':')
  const [durationText, targetText] = colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
  return {
    durationMs: durationText === '' ? undefined : parseGoDuration(durationText),
    target: targetText === '' ? undefined : parseInt64(targetText),
  }
}

/** Reads `name:value,name:value`. */
function parsePairs(text: string): Map<string, string> {
  const pairs = new Map<string, string>()
  if (text.trim() === '') return pairs
  for (const pair of text.split(',')) {
    const [key = '', value, more] = pair.split(':')
    if (value === undefined || more !== undefined) throw new GoSyntaxError(`invalid map item: ${goQuote(pair)}`)
    pairs.set(key, value)
  }
  return pairs
}

/** Go cannot read these from the environment; JSON can be meant only. */
function parseJsonText<T>(read: (value: unknown) => T): (text: string) => T {
  return (text) => {
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch {
      throw new GoSyntaxError('not valid JSON')
    }
    return read(value)
  }
}

/** One option; the closures know its type. */
interface OptionField {
  readonly key: keyof Options
  /** Its name in scripts and files; undefined where neither has it. */
  readonly json: string | undefined
  readonly env: string | undefined
  /** True for what a script cannot set. */
  readonly isConfigOnly: boolean
  readonly goName: string
  readonly goType: string
  readJson(into: Options, value: unknown): void
  readText(into: Options, text: string): void
  /** What `exec.test.options` shows; undefined when the option is not set. */
  show(options: Options): JsonValue | undefined
}

interface FieldNames {
  json?: string
  env?: string
  goName?: string
  isConfigOnly?: boolean
}

function field<K extends keyof Options>(
  key: K,
  type: Type<NonNullable<Options[K]>>,
  names: FieldNames = {},
): OptionField {
  const json = Object.hasOwn(names, 'json') ? names.json : key
  return {
    key,
    json,
    env: names.env,
    isConfigOnly: names.isConfigOnly ?? false,
    goName: names.goName ?? `${key[0]?.toUpperCase()}${key.slice(1)}`,
    goType: type.goType,
    readJson(into, value) {
      const read = type.fromJson(value)
      if (read !== undefined) into[key] = read
    },
    readText(into, text) {
      const read = type.fromText?.(text)
      if (read !== undefined) into[key] = read
    },
    show(options) {
      const value: Options[K] = options[key]
      return value === undefined || value === null ? undefined : type.toJson(value as NonNullable<Options[K]>)
    },
  }
}

/** Every option, in the order in which `exec.test.options` shows them. */
export const optionFields: readonly OptionField[] = [
  field('paused', boolean, { env: 'K6_PAUSED' }),
  field('vus', integer, { env: 'K6_VUS', goName: 'VUs' }),
  field('durationMs', duration, { json: 'duration', env: 'K6_DURATION', goName: 'Duration' }),
  field('iterations', integer, { env: 'K6_ITERATIONS' }),
  field('stages', stages, { env: 'K6_STAGES' }),
  field('scenarios', {
    goType: 'lib.ScenarioConfigs',
    fromJson: readScenarios,
    toJson: (value) => jsonObject([...value].map(([name, spec]) => [name, scenarioJson(spec)])),
  }),
  field(
    'executionSegment',
    {
      goType: 'lib.ExecutionSegment',
      fromJson: (value) => (value === null ? undefined : parseSegment(textOf(value, 'lib.ExecutionSegment'))),
      fromText: (text) => (text === '' ? undefined : parseSegment(text)),
      toJson: formatSegment,
    },
    { env: 'K6_EXECUTION_SEGMENT' },
  ),
  field(
    'executionSegmentSequence',
    {
      goType: 'lib.ExecutionSegmentSequence',
      fromJson: (value) =>
        value === null ? undefined : parseSegmentSequence(textOf(value, 'lib.ExecutionSegmentSequence')),
      fromText: (text) => (text === '' ? undefined : parseSegmentSequence(text)),
      toJson: formatSegmentSequence,
    },
    { env: 'K6_EXECUTION_SEGMENT_SEQUENCE' },
  ),
  field('noSetup', boolean, { env: 'K6_NO_SETUP' }),
  field('setupTimeoutMs', duration, { json: 'setupTimeout', env: 'K6_SETUP_TIMEOUT', goName: 'SetupTimeout' }),
  field('noTeardown', boolean, { env: 'K6_NO_TEARDOWN' }),
  field('teardownTimeoutMs', duration, {
    json: 'teardownTimeout',
    env: 'K6_TEARDOWN_TIMEOUT',
    goName: 'TeardownTimeout',
  }),
  field('handleSummaryTimeoutMs', duration, {
    json: 'handleSummaryTimeout',
    env: 'K6_HANDLE_SUMMARY_TIMEOUT',
    goName: 'HandleSummaryTimeout',
  }),
  field('rps', integer, { env: 'K6_RPS', goName: 'RPS' }),
  field(
    'dns',
    {
      goType: 'types.DNSConfig',
      fromJson: readDns,
      fromText: parseDns,
      toJson: ({ ttl, select, policy }) => ({ ttl: ttl ?? null, select: select ?? null, policy: policy ?? null }),
    },
    { env: 'K6_DNS', goName: 'DNS' },
  ),
  field('maxRedirects', integer, { env: 'K6_MAX_REDIRECTS' }),
  field('userAgent', string, { env: 'K6_USER_AGENT' }),
  field('batch', integer, { env: 'K6_BATCH' }),
  field('batchPerHost', integer, { env: 'K6_BATCH_PER_HOST' }),
  field('httpDebug', string, { env: 'K6_HTTP_DEBUG', goName: 'HTTPDebug' }),
  field('insecureSkipTLSVerify', boolean, { env: 'K6_INSECURE_SKIP_TLS_VERIFY' }),
  field(
    'tlsCipherSuites',
    {
      goType: '*lib.TLSCipherSuites',
      fromJson: readTlsCipherSuites,
      fromText: parseTlsCipherSuites,
      toJson: (value) => (value.length === 0 ? null : value),
    },
    { env: 'K6_TLS_CIPHER_SUITES', goName: 'TLSCipherSuites' },
  ),
  field('tlsVersion', {
    goType: 'lib.TLSVersions',
    fromJson: readTlsVersion,
    toJson: ({ min, max }) => ({ min: min ?? '', max: max ?? '' }),
  }),
  field(
    'tlsAuth',
    {
      goType: '[]*lib.TLSAuth',
      fromJson: (value) => readList(value, '[]*lib.TLSAuth', readTlsAuth),
      fromText: parseJsonText((value) => readList(value, '[]*lib.TLSAuth', readTlsAuth)),
      toJson: (value) =>
        value.map(({ cert, key, password, domains }) => ({
          cert,
          key,
          password: password ?? null,
          domains: domains ?? null,
        })),
    },
    { env: 'K6_TLSAUTH', goName: 'TLSAuth' },
  ),
  field('throw', boolean, { env: 'K6_THROW' }),
  field(
    'thresholds',
    {
      goType: 'map[string]metrics.Thresholds',
      fromJson: readThresholds,
      fromText: parseJsonText(readThresholds),
      toJson: (value) => jsonObject([...value].map(([metric, list]) => [metric, list.map(thresholdJson)])),
    },
    { env: 'K6_THRESHOLDS' },
  ),
  field(
    'blacklistIPs',
    {
      goType: '[]*lib.IPNet',
      fromJson: (value) => readList(value, '[]*lib.IPNet', readCidr),
      fromText: (text) => (text.trim() === '' ? [] : text.split(',').map(readCidr)),
      toJson: (value) => value,
    },
    { env: 'K6_BLACKLIST_IPS' },
  ),
  field(
    'blockHostnames',
    {
      goType: 'types.NullHostnameTrie',
      fromJson: (value) => {
        const patterns = readStrings(value)
        return patterns && checkHostnames(patterns)
      },
      fromText: (text) => (text === '' ? undefined : checkHostnames(text.split(','))),
      toJson: (value) => value,
    },
    { env: 'K6_BLOCK_HOSTNAMES', goName: 'BlockedHostnames' },
  ),
  field(
    'hosts',
    {
      goType: 'types.NullHosts',
      fromJson: readHosts,
      fromText: parseJsonText(readHosts),
      toJson: jsonObject,
    },
    { env: 'K6_HOSTS' },
  ),
  field('noConnectionReuse', boolean, { env: 'K6_NO_CONNECTION_REUSE' }),
  field('noVUConnectionReuse', boolean, { env: 'K6_NO_VU_CONNECTION_REUSE' }),
  field('minIterationDurationMs', duration, {
    json: 'minIterationDuration',
    env: 'K6_MIN_ITERATION_DURATION',
    goName: 'MinIterationDuration',
  }),
  field('cloud', rawJson),
  field('ext', rawJson, { goName: 'External' }),
  field('summaryTrendStats', strings, { env: 'K6_SUMMARY_TREND_STATS' }),
  field('summaryTimeUnit', string, { env: 'K6_SUMMARY_TIME_UNIT' }),
  field(
    'systemTags',
    {
      goType: '*metrics.SystemTagSet',
      fromJson: readSystemTags,
      fromText: (text) => systemTags(text.split(',').map((name) => name.trim())),
      toJson: (value) => (value.length === 0 ? null : value),
    },
    { env: 'K6_SYSTEM_TAGS' },
  ),
  field('tags', stringMap, { env: 'K6_TAGS', goName: 'RunTags' }),
  field('metricSamplesBufferSize', integer, { env: 'K6_METRIC_SAMPLES_BUFFER_SIZE' }),
  field('noCookiesReset', boolean, { env: 'K6_NO_COOKIES_RESET' }),
  field('discardResponseBodies', boolean, { env: 'K6_DISCARD_RESPONSE_BODIES' }),
  field('features', strings, { env: 'K6_FEATURES' }),
  field('consoleOutput', string, { json: undefined, env: 'K6_CONSOLE_OUTPUT' }),
  field(
    'localIPs',
    {
      goType: 'types.NullIPPool',
      fromJson: readString,
      fromText: (text) => (text === '' ? undefined : checkLocalIPs(text)),
      toJson: (value) => value,
    },
    { json: undefined, env: 'K6_LOCAL_IPS' },
  ),
  field('out', strings, { env: 'K6_OUT', isConfigOnly: true }),
  field('linger', boolean, { env: 'K6_LINGER', isConfigOnly: true }),
  field('noUsageReport', boolean, { env: 'K6_NO_USAGE_REPORT', isConfigOnly: true }),
  field('webDashboard', boolean, { env: 'K6_WEB_DASHBOARD', isConfigOnly: true }),
]

function textOf(value: unknown, goType: string): string {
  if (typeof value !== 'string') throw typeError(value, goType)
  return value
}

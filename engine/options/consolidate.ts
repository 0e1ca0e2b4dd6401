/**
 * Makes one set of options out of what the configuration file, the script, the environment and the command line say, turns
 * shortcuts into a scenario, and checks the whole. Does not read any source itself.
 */
import { AppError } from '../../errors.js'
import { formatSegment, formatSegmentSequence, isSameSegment } from '../plan/segment.js'
import { type Features, featureTags, resolveFeatures } from './features.js'
import { type JsonValue, jsonObject } from './json-reader.js'
import {
  checkTimeUnit,
  checkTrendStats,
  defaultSummaryTrendStats,
  defaultSystemTags,
  type SystemTag,
} from './metric-options.js'
import { type DnsPolicy, type DnsSelect, type DnsSpec, parseDnsTtl } from './network-options.js'
import { type Options, optionFields } from './option-table.js'
import type { OptionWarning } from './options.js'
import { resolveScenario, type ScenarioConfig, type ScenarioSpec } from './scenario.js'
import { scenarioProblems } from './scenario-problems.js'

/** What each source says, weakest first: file, script, environment, command line. */
export interface OptionLayers {
  readonly file?: Options
  readonly script?: Options
  readonly env?: Options
  readonly cli?: Options
}

/** How names are resolved, complete. */
export interface DnsConfig {
  readonly ttlMs: number
  readonly select: DnsSelect
  readonly policy: DnsPolicy
}

/** The options of a run, with defaults where a run needs a value. Scenarios are in `Consolidated.scenarios`. */
export interface ConsolidatedOptions extends Readonly<Omit<Options, 'scenarios' | 'dns'>> {
  readonly setupTimeoutMs: number
  readonly teardownTimeoutMs: number
  readonly handleSummaryTimeoutMs: number
  /** Sorted. */
  readonly systemTags: readonly SystemTag[]
  readonly summaryTrendStats: readonly string[]
  readonly tags: ReadonlyMap<string, string>
  readonly dns: DnsConfig
  readonly noSetup: boolean
  readonly noTeardown: boolean
  readonly throw: boolean
  readonly minIterationDurationMs: number
  readonly insecureSkipTLSVerify: boolean
}

export interface Consolidated {
  readonly options: ConsolidatedOptions
  /** What was said, consolidated, without defaults of a run: what `testOptions` shows. */
  readonly specified: Options
  /** Sorted by start time, then name. */
  readonly scenarios: readonly ScenarioConfig[]
  readonly warnings: readonly OptionWarning[]
  readonly features: Features
}

const defaultTimeoutMs = { setup: 60_000, teardown: 60_000, handleSummary: 120_000 }

/**
 * One set of options out of all sources.
 *
 * @param isExecutable whether the script exports a function of that name
 * @throws {AppError} OPTIONS_INVALID with all problems, or NOT_SUPPORTED for what this program cannot do
 */
export function consolidateOptions(layers: OptionLayers, isExecutable: (name: string) => boolean): Consolidated {
  const warnings: OptionWarning[] = []
  const features = resolveFeatures(layers.cli?.features, layers.env?.features, layers.file?.features)
  if (layers.script?.features !== undefined) {
    warnings.push({
      message:
        'the option `features` of a script is without effect; use --features, K6_FEATURES or the configuration file',
    })
  }
  const merged = merge(layers, warnings, features.active.includes('merge-run-tags'))
  refuseBadSummaryOptions(merged)
  const specified = deriveScenarios(merged, warnings)
  refuseProblems(specified, isExecutable)
  refuseUnsupported(specified)
  if (specified.tlsAuth?.some(({ domains }) => domains && domains.length > 0)) {
    warnings.push({
      message: 'tlsAuth.domains may be removed in a future release; leave it empty to use one certificate',
    })
  }
  const scenarios = [...(specified.scenarios ?? [])].map(([name, spec]) => resolveScenario(name, spec))
  scenarios.sort((a, b) => a.startTimeMs - b.startTimeMs || (a.name < b.name ? -1 : 1))
  return { options: withDefaults(specified, features), specified, scenarios, warnings, features }
}

/** Several sources as one, the weakest first; nothing is derived and nothing checked. */
export function layerOptions(...sources: readonly Options[]): Options {
  return sources.reduce(overlay, {})
}

/** A source that says how iterations are run drops what weaker ones say about it. */
function overlay(base: Options, upper: Options): Options {
  const result: Options = { ...base }
  if (saysHowToRun(upper)) {
    result.durationMs = undefined
    result.iterations = undefined
    result.stages = undefined
    result.scenarios = undefined
  }
  const said = Object.entries(upper).filter(([, value]) => value !== undefined)
  Object.assign(result, Object.fromEntries(said))
  if (upper.stages !== undefined) result.stages = upper.stages.filter(({ durationMs }) => durationMs !== undefined)
  if (upper.tags?.size === 0) result.tags = base.tags
  if (upper.out?.length === 0) result.out = base.out
  if (upper.dns !== undefined) result.dns = overlayDns(base.dns, upper.dns)
  return result
}

function overlayDns(base: DnsSpec = {}, upper: DnsSpec): DnsSpec {
  return {
    ttl: upper.ttl ?? base.ttl,
    select: upper.select ?? base.select,
    policy: upper.policy ?? base.policy,
  }
}

function saysHowToRun(options: Options): boolean {
  const { durationMs, iterations, stages, scenarios } = options
  return [durationMs, iterations, stages, scenarios].some((value) => value !== undefined)
}

function merge(layers: OptionLayers, warnings: OptionWarning[], mergesTags: boolean): Options {
  // the command line is also below the file, as in k6; that shows only where a layer clears what is below it
  let merged = overlay(layers.cli ?? {}, layers.file ?? {})
  for (const level of ['script', 'env', 'cli'] as const) {
    const upper = layers[level] ?? {}
    if (merged.scenarios !== undefined && saysHowToRun(upper)) {
      warnings.push({ message: `"${level}" level configuration overrode scenarios configuration entirely` })
    }
    const { tags } = merged
    merged = overlay(merged, level === 'script' ? { ...upper, features: undefined } : upper)
    if (mergesTags && upper.tags !== undefined) merged.tags = new Map([...(tags ?? []), ...upper.tags])
  }
  return merged
}

function refuseBadSummaryOptions(options: Options): void {
  try {
    checkTrendStats(options.summaryTrendStats ?? [])
    checkTimeUnit(options.summaryTimeUnit ?? '')
  } catch (e) {
    // k6 ends with its general exit code here, unlike with other wrong options
    throw new AppError('OPTIONS_INVALID', (e as Error).message, { exitCode: 255, cause: e })
  }
}

/** Turns `iterations`, `duration`, `stages` and `vus` into the scenario `default`. */
function deriveScenarios(options: Options, warnings: OptionWarning[]): Options {
  const { vus, durationMs, iterations, stages, scenarios } = options
  if (iterations !== undefined) {
    if (stages?.length) throw conflict('iterations', 'stages')
    if (scenarios !== undefined) throw conflict('iterations', 'scenarios')
    return withDefault(options, { executor: 'shared-iterations', vus, iterations, maxDurationMs: durationMs })
  }
  if (durationMs !== undefined) {
    if (stages?.length) throw conflict('duration', 'stages')
    if (scenarios !== undefined) throw conflict('duration', 'scenarios')
    if (durationMs <= 0) {
      throw new AppError(
        'OPTIONS_INVALID',
        '`duration` option should be more than 0, for infinite duration use the externally-controlled executor',
      )
    }
    return withDefault(options, { executor: 'constant-vus', vus, durationMs })
  }
  if (stages?.length) {
    if (scenarios !== undefined) throw conflict('stages', 'scenarios')
    return withDefault(options, { executor: 'ramping-vus', startVUs: vus, stages })
  }
  if (vus !== undefined && stages === undefined) {
    if (scenarios !== undefined) warnings.push({ message: `\`vus=${vus}\` overrides scenarios configuration` })
    return { ...withDefault(options, { executor: 'shared-iterations', vus, iterations: vus }), iterations: vus }
  }
  if (scenarios?.size) return options
  const empty = (name: string) =>
    `\`${name}\` was explicitly set to an empty value, running the script with 1 iteration in 1 VU`
  if (stages !== undefined) warnings.push({ message: empty('stages') })
  if (scenarios !== undefined) warnings.push({ message: empty('scenarios') })
  return withDefault(options, { executor: 'per-vu-iterations' })
}

function withDefault(options: Options, spec: ScenarioSpec): Options {
  return { ...options, scenarios: new Map([['default', spec]]) }
}

function conflict(a: string, b: string): AppError {
  return new AppError('OPTIONS_INVALID', `using \`${a}\` and \`${b}\` options simultaneously is not allowed`)
}

function refuseProblems(options: Options, isExecutable: (name: string) => boolean): void {
  const problems: string[] = []
  const { executionSegment: segment, executionSegmentSequence: sequence } = options
  if (sequence !== undefined && !sequence.some((candidate) => isSameSegment(candidate, segment))) {
    problems.push(
      `provided segment ${formatSegment(segment)} can't be found in sequence ${formatSegmentSequence(sequence)}`,
    )
  }
  const scenarios = [...(options.scenarios ?? [])]
  for (const [name, spec] of scenarios) {
    const found = scenarioProblems(name, spec)
    if (found.length > 0) problems.push(`scenario ${name} has configuration errors: ${found.join(', ')}`)
  }
  if (options.setupTimeoutMs !== undefined && options.setupTimeoutMs <= 0) {
    problems.push('setupTimeout must be positive')
  }
  for (const [name, spec] of scenarios) {
    const exec = spec.exec || 'default'
    if (!isExecutable(exec)) problems.push(`executor ${name}: function '${exec}' not found in exports`)
  }
  if (problems.length === 0) return
  const title = 'There were problems with the specified script configuration:'
  throw new AppError('OPTIONS_INVALID', [title, ...problems.map((problem) => `\t- ${problem}`)].join('\n'), {
    details: { problems },
  })
}

function refuseUnsupported(options: Options): void {
  const refuse = (what: string, hint: string) => {
    throw new AppError('NOT_SUPPORTED', `${what} is not supported`, { hint })
  }
  if (options.webDashboard) refuse('the web dashboard', 'unset K6_WEB_DASHBOARD')
}

function withDefaults(specified: Options, features: Features): ConsolidatedOptions {
  return {
    ...specified,
    setupTimeoutMs: specified.setupTimeoutMs ?? defaultTimeoutMs.setup,
    teardownTimeoutMs: specified.teardownTimeoutMs ?? defaultTimeoutMs.teardown,
    handleSummaryTimeoutMs: specified.handleSummaryTimeoutMs ?? defaultTimeoutMs.handleSummary,
    systemTags: specified.systemTags ?? defaultSystemTags,
    summaryTrendStats: specified.summaryTrendStats ?? defaultSummaryTrendStats,
    tags: new Map([...(specified.tags ?? []), ...featureTags(features)]),
    dns: {
      ttlMs: dnsTtlMs(specified.dns?.ttl),
      select: specified.dns?.select ?? 'random',
      policy: specified.dns?.policy ?? 'preferIPv4',
    },
    noSetup: specified.noSetup ?? false,
    noTeardown: specified.noTeardown ?? false,
    throw: specified.throw ?? false,
    minIterationDurationMs: specified.minIterationDurationMs ?? 0,
    insecureSkipTLSVerify: specified.insecureSkipTLSVerify ?? false,
  }
}

function dnsTtlMs(ttl = ''): number {
  try {
    return parseDnsTtl(ttl)
  } catch (e) {
    throw new AppError('OPTIONS_INVALID', (e as Error).message, { exitCode: 255, cause: e })
  }
}

const shortcuts: readonly (keyof Options)[] = ['vus', 'durationMs', 'iterations', 'stages']

/** With the defaults that k6 shows as if somebody had set them. */
function shown(specified: Options): Options {
  return {
    ...specified,
    systemTags: specified.systemTags ?? defaultSystemTags,
    summaryTrendStats: specified.summaryTrendStats ?? defaultSummaryTrendStats,
    dns: specified.dns ?? {},
  }
}

/**
 * The options of one source or of several as `inspect` shows them: every key that a script may have, null where nothing was
 * said. For `JSON.stringify`.
 */
export function optionsJson(options: Options): { readonly [key: string]: JsonValue } {
  const entries: [string, JsonValue][] = []
  for (const { json, isConfigOnly, show } of optionFields) {
    if (isConfigOnly || json === undefined) continue
    const value = json === 'dns' ? show({ ...options, dns: options.dns ?? {} }) : show(options)
    if (value !== undefined || json !== 'cloud') entries.push([json, value ?? null])
  }
  return jsonObject(entries)
}

/** The same of consolidated options, with the defaults that k6 shows as if somebody had set them. */
export const consolidatedJson = (specified: Options): { readonly [key: string]: JsonValue } =>
  optionsJson(shown(specified))

/**
 * The options as `exec.test.options` shows them: every key, null where nothing was said, the scenario `default` in place
 * of shortcuts. For `JSON.stringify`; objects have no prototype, keys may be anything.
 */
export function testOptions(specified: Options): { readonly [key: string]: JsonValue } {
  const options = shown(specified)
  const entries: [string, JsonValue][] = []
  for (const { key, json, isConfigOnly, show } of optionFields) {
    if (isConfigOnly || shortcuts.includes(key)) continue
    const value = show(options)
    // k6 leaves `cloud` out when there is none
    if (value !== undefined || key !== 'cloud') entries.push([json ?? key, value ?? null])
  }
  return jsonObject(entries)
}

/**
 * The values that overwrite those of `export const options` in the VMs of VUs: only what is set, shortcuts included, so
 * that a script sees what the command line made of its options.
 */
export function specifiedOptions(specified: Options): { readonly [key: string]: JsonValue } {
  const options = { ...shown(specified), dns: undefined }
  const entries: [string, JsonValue][] = []
  for (const { json, isConfigOnly, show } of optionFields) {
    if (isConfigOnly || json === undefined) continue
    const value = show(options)
    const isEmpty = value === undefined || value === null || (Array.isArray(value) && value.length === 0)
    if (!isEmpty) entries.push([json, value])
  }
  return jsonObject(entries)
}

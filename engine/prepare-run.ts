/** From a script that was loaded to a run that can begin: metrics, options, thresholds, the plan. Runs nothing. */
import { AppError, isAppError } from '../errors.js'
import type { Finding } from '../host/rehearsal/finding.js'
import type { Metric } from '../metrics/metric.js'
import { declareModuleMetrics, optInMetrics } from '../metrics/module-metrics.js'
import type { MetricStore } from '../metrics/store.js'
import { type ThresholdDefinitions, Thresholds, trackSubMetrics } from '../metrics/thresholds.js'
import { compileEngine } from '../runtime/engine-compiler.js'
import { engineUseOf } from './engine-use.js'
import { type Consolidated, consolidateOptions, specifiedOptions, testOptions } from './options/consolidate.js'
import { type OptionWarning, type ParsedOptions, parseOptions } from './options/options.js'
import { type ExecutionPlan, planExecution } from './plan/requirements.js'
import { SegmentError } from './plan/segment.js'
import { usableThresholds } from './rehearsal.js'
import type { LoadedScript, RunConfig, ScriptOutline } from './run-config.js'
import type { RunLog } from './run-log.js'
import { maxScenarios } from './shared-counters.js'
import type { TestRunSettings } from './test-run-settings.js'
import { VuLedger } from './vu-ledger.js'

/** A run that is ready to begin. */
export interface PreparedRun extends Consolidated {
  readonly plan: ExecutionPlan
  readonly thresholds: ThresholdDefinitions
  /** Metrics of belljar's own that the thresholds ask for. */
  readonly optInMetrics: readonly Metric[]
}

export interface Preparation {
  readonly script: ScriptOutline
  /** Those that the script exports. */
  readonly fromScript: ParsedOptions
  readonly settings: TestRunSettings
  /** Gets the metrics of the run. */
  readonly store: MetricStore
  readonly log: RunLog
  readonly find: (finding: Finding) => void
}

/**
 * The options that a script exports.
 *
 * @throws {AppError} when they cannot be used, or there is nothing that a VU could call
 */
export function scriptOptions(script: ScriptOutline, settings: TestRunSettings): ParsedOptions {
  try {
    return exportedOptions(script)
  } catch (e) {
    throw asLoadError(e, settings)
  }
}

function exportedOptions(script: ScriptOutline): ParsedOptions {
  const parsed = parseOptions(script.options ?? {}, 'script')
  if (script.functions.length === 0) throw new AppError('SCRIPT_NO_EXPORTS', 'no exported functions in script')
  for (const name of ['setup', 'teardown']) {
    if (script.others.includes(name)) throw new AppError('SCRIPT_EXCEPTION', `exported '${name}' must be a function`)
  }
  return parsed
}

/** k6 says which script could not be loaded, but for what the script itself threw. */
export function asLoadError(e: unknown, { scriptName, script }: TestRunSettings): unknown {
  if (!isAppError(e) || 'failure' in e || e.code === 'FILE_NOT_FOUND' || e.code === 'INTERNAL') return e
  return new AppError(
    e.code,
    `could not initialize '${scriptName}': could not load JS test '${script.mainUrl}': ${e.message}`,
    { ...(e.hint === undefined ? {} : { hint: e.hint }), exitCode: e.exitCode },
  )
}

/**
 * Settles the options of all layers and what follows from them.
 *
 * @returns the run, and its thresholds as they are judged
 * @throws {AppError}
 */
export function prepareRun(preparation: Preparation): { prepared: PreparedRun; thresholds: Thresholds } {
  const { script, fromScript, settings, store, log } = preparation
  const { registry } = store
  const modules = script.graph.nativeNames.map(([name]) => name)
  declareModuleMetrics(registry, modules)
  for (const { name, type, contains } of script.metrics) registry.declare(name, type, contains)
  const { file, env, cli } = settings.layers
  const layers = {
    script: fromScript.options,
    ...(file === undefined ? {} : { file }),
    ...(env === undefined ? {} : { env }),
    ...(cli === undefined ? {} : { cli: cli() }),
  }
  const consolidated = consolidateOptions(layers, (name) => script.functions.includes(name))
  const { options, features } = consolidated
  for (const feature of features.unknown) log.error('Unknown feature flag', { feature })
  for (const feature of features.active) {
    log.info('Experimental feature enabled', { feature, lifecycle: 'experimental' })
  }
  if (options.paused && !settings.canResume) {
    throw new AppError('NOT_SUPPORTED', 'a test cannot start paused without the REST API, which could resume it', {
      hint: 'give --address (K6_ADDRESS) as well, or leave `paused` out',
    })
  }
  const definitions: ThresholdDefinitions = options.thresholds ?? new Map()
  checkThresholdCount(definitions, settings.policy.limits.metrics)
  // Also without judging thresholds: it is their names that ask for a metric.
  const switchedOn = optInMetrics(registry, modules, definitions.keys())
  for (const metric of switchedOn) registry.switchOn(metric)
  // k6 has this part of the metric in every test, and shows it when it has samples.
  if (options.systemTags.includes('expected_response')) {
    store.track('http_req_duration{expected_response:true}', false)
  }
  const { thresholds, warnings } = judged(definitions, preparation)
  const prepared = {
    ...consolidated,
    warnings: [...fromScript.warnings, ...warnings, ...consolidated.warnings],
    plan: planOf(consolidated, settings.policy.limits.vus),
    thresholds: definitions,
    optInMetrics: switchedOn,
  }
  return { prepared, thresholds }
}

/** Each sample is compared with all parts of its metric that a threshold is about, by whoever adds up what was measured. */
function checkThresholdCount(definitions: ThresholdDefinitions, most: number): void {
  let count = 0
  for (const list of definitions.values()) count += Math.max(1, list.length)
  if (count <= most) return
  throw new AppError('LIMIT_COUNT', `the options have ${count} thresholds; a run may have ${most} (limit metrics)`)
}

/** The thresholds that count: in a check all that can be used, and none where the command does not want any. */
function judged(
  definitions: ThresholdDefinitions,
  { settings, store, find }: Preparation,
): { thresholds: Thresholds; warnings: OptionWarning[] } {
  if (settings.isRehearsal) {
    return { thresholds: Thresholds.of(usableThresholds(definitions, store, find), store), warnings: [] }
  }
  if (settings.hasThresholds) return { thresholds: Thresholds.of(definitions, store), warnings: [] }
  const warnings = trackSubMetrics(definitions, store).map(({ message, error }) => ({ message, error }))
  return { thresholds: Thresholds.none(), warnings }
}

function planOf(consolidated: Consolidated, maxVus: number): ExecutionPlan {
  const plan = planFor(consolidated)
  if (plan.maxPossibleVUs > maxVus) {
    const text = `the scenarios need up to ${plan.maxPossibleVUs} VUs at the same time; a run may have ${maxVus} (limit vus)`
    throw new AppError('LIMIT_COUNT', text, { hint: 'lower the VUs of the scenarios, maxVUs among them' })
  }
  return plan
}

function planFor({ scenarios, options }: Consolidated): ExecutionPlan {
  if (scenarios.length > maxScenarios) {
    throw new AppError('OPTIONS_INVALID', `a test may have ${maxScenarios} scenarios`)
  }
  try {
    return planExecution(scenarios, options.executionSegment, options.executionSegmentSequence)
  } catch (e) {
    if (e instanceof SegmentError) throw new AppError('OPTIONS_INVALID', e.message, { cause: e })
    throw e
  }
}

const stageNames: readonly string[] = ['setup', 'teardown', 'handleSummary']

/** What every thread is told of the run. */
export function runConfig(
  { graph, files, sharedArrays, functions }: LoadedScript,
  { plan, options, specified, optInMetrics }: PreparedRun,
  { isRehearsal = false, copiesVms = true, policy }: Pick<TestRunSettings, 'isRehearsal' | 'copiesVms' | 'policy'>,
): RunConfig {
  const vms = plan.maxPossibleVUs + stageNames.filter((name) => functions.includes(name)).length
  return {
    options,
    scenarios: plan.scenarios,
    striping: plan.striping,
    optInMetrics,
    testOptions: testOptions(specified),
    specifiedOptions: specifiedOptions(specified),
    graph,
    files,
    sharedArrays,
    engine: compileEngine(isRehearsal ? 'brief' : engineUseOf(plan.scenarios, policy.profile)),
    ledger: VuLedger.forVus(plan.maxPossibleVUs).buffer,
    copiesVms: copiesVms && !isRehearsal,
    vms,
  }
}

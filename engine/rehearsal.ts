/**
 * What a check does in the place of a run: setup, one iteration of each scenario by a VU of its own, teardown and
 * handleSummary, one after the other in one thread, whatever fails. The thread tells what it finds; this file adds what
 * only the outside can see: parts that do not end, thresholds without a metric or a sample.
 */
import { AppError, isAppError } from '../errors.js'
import { longestTimerMs } from '../host/longest-timer.js'
import { type Finding, findingText, placeOf } from '../host/rehearsal/finding.js'
import type { MetricStore } from '../metrics/store.js'
import { checkThresholds, type ThresholdDefinitions, type Thresholds } from '../metrics/thresholds.js'
import { meant } from '../policy/nearest-name.js'
import { optionFields } from './options/option-table.js'
import type { OptionWarning } from './options/options.js'
import type { LoadedScript, RunConfig } from './run-config.js'
import { ScriptFailure } from './script-failure.js'
import { isThreadLost } from './thread-handle.js'
import type { StageResult } from './thread-protocol.js'
import type { ThreadSlot } from './thread-slot.js'

export type { Finding } from '../host/rehearsal/finding.js'

/** So many times the time of one part is what all of them may take together. */
const mostParts = 10
/** How long a part has to end when it is interrupted, or its thread to be ended by the watchdog. */
const graceMs = 10_000
/** Stands for data of setup() that nobody knows; modules/boot.ts has the same. */
const unknownData = '?'

export interface RehearsalPlan {
  /** Has begun with the configuration. */
  readonly thread: Pick<ThreadSlot, 'call' | 'ready'>
  readonly script: LoadedScript
  readonly config: RunConfig
  /** How long setup, an iteration, … may take, in ms. */
  readonly partMs: number
  readonly find: (finding: Finding) => void
  /** The argument of handleSummary, as JSON. */
  readonly summaryOf: () => string | Promise<string>
}

/** @throws {AppError} what the thread could not do; not what the script did */
export async function rehearse(plan: RehearsalPlan): Promise<void> {
  const { thread, script, config } = plan
  const { options, scenarios } = config
  const untilMs = performance.now() + mostParts * plan.partMs
  const has = (name: string) => script.functions.includes(name)
  const isLate = () => performance.now() > untilMs
  let data: string | undefined
  if (has('setup') && !options.noSetup) {
    const result = await stage(plan, 'setup', undefined)
    data = result.kind === 'done' ? result.value : unknownData
  }
  await thread.call('setSetupData', data)
  for (const [index, scenario] of scenarios.entries()) {
    if (isLate()) {
      const text = `the check took more than ${(mostParts * plan.partMs) / 1000} s; the scenarios after this one were left out`
      plan.find({ severity: 'notice', text, during: `scenario ${JSON.stringify(scenario.name)}` })
      break
    }
    await iterate(plan, index)
  }
  if (has('teardown') && !options.noTeardown) {
    await stage(plan, 'teardown', data === unknownData ? undefined : data)
  }
  await thread.call('finish')
  if (has('handleSummary')) await stage(plan, 'handleSummary', await plan.summaryOf())
}

async function iterate(plan: RehearsalPlan, scenario: number): Promise<void> {
  const { thread, config, find } = plan
  const vu = scenario + 1
  const during = `scenario ${JSON.stringify(config.scenarios[scenario]!.name)}`
  await thread.ready()
  try {
    await thread.call('initVu', vu)
  } catch (e) {
    find(findingOf(e, during))
    return
  }
  const scenarioStartMs = performance.timeOrigin + performance.now()
  const request = { vu, scenario, iterations: 1, endTimeMs: Number.POSITIVE_INFINITY, scenarioStartMs }
  const loop = async () => {
    try {
      await thread.call('loop', request)
    } catch (e) {
      // It had to be ended from outside; another thread does the rest.
      if (!isThreadLost(e) || e.code === 'INTERNAL') throw e
      find(findingOf(e, during))
    }
  }
  await inTime(plan, during, () => thread.call('interruptVu', vu), loop())
}

async function stage(
  plan: RehearsalPlan,
  name: 'setup' | 'teardown' | 'handleSummary',
  argument: string | undefined,
): Promise<StageResult> {
  const { thread, find } = plan
  const during = `${name}()`
  await thread.ready()
  const run = async (): Promise<StageResult> => {
    try {
      return await thread.call('stage', { name, argument })
    } catch (e) {
      // A limit, or init code that does not work a second time.
      if (!isAppError(e) || e.code === 'INTERNAL') throw e
      find(findingOf(e, during))
      return { kind: 'interrupted' }
    }
  }
  const result = await inTime(plan, during, () => thread.call('interruptStage'), run())
  if (result.kind === 'failed' && result.failure.isEncodingError) {
    find({ severity: 'error', text: findingText(result.failure.text), during })
  }
  return result
}

/** The end of a part, which is interrupted when it takes too long. @throws {AppError} when even that does not end it */
async function inTime<T>(
  { partMs, find }: RehearsalPlan,
  during: string,
  interrupt: () => Promise<unknown>,
  part: Promise<T>,
): Promise<T> {
  let stuck: NodeJS.Timeout | undefined
  const isStuck = new Promise<never>((_, reject) => {
    stuck = setTimeout(
      () => {
        reject(new AppError('LIMIT_CPU', `${during} does not end, nor can it be interrupted`))
      },
      Math.min(partMs + graceMs, longestTimerMs),
    )
  })
  const late = setTimeout(
    () => {
      const text = `${during} was ended after ${partMs / 1000} s`
      find({
        severity: 'notice',
        text,
        hint: 'what comes after was not checked; it may be waiting for more than one answer',
      })
      interrupt().catch(() => {})
    },
    Math.min(partMs, longestTimerMs),
  )
  try {
    return await Promise.race([part, isStuck])
  } finally {
    clearTimeout(stuck)
    clearTimeout(late)
  }
}

/** An error that ended something, as a finding. */
export function findingOf(e: unknown, during?: string): Finding {
  const { message, hint } = isAppError(e) ? e : { message: String(e), hint: undefined }
  // What cannot be parsed has its place in its text: `file: Line 1:2 why` or `file:1:2: why`.
  const parsed = /(file:\/\/[^\n]*?):(?: Line )?(\d+):(\d+):? ([^\n]*)$/.exec(message)
  const place = placeOf(
    e instanceof ScriptFailure ? e.failure.frames : parsed === null ? '' : `${parsed[1]}:${parsed[2]}:${parsed[3]}`,
  )
  return {
    severity: 'error',
    text: findingText(e instanceof ScriptFailure ? e.failure.text : (parsed?.[4] ?? message)),
    ...(hint === undefined ? {} : { hint }),
    ...(place === undefined ? {} : { place }),
    ...(during === undefined ? {} : { during }),
  }
}

/** What a run logs about its options. */
export function findOptionWarnings(warnings: readonly OptionWarning[], find: (finding: Finding) => void): void {
  const names = optionFields.flatMap(({ json }) => json ?? [])
  for (const { message, error } of warnings) {
    const unknown = /unknown field "([^"\\]*)"/.exec(error ?? '')?.[1]
    find({
      severity: 'warning',
      text: findingText(error === undefined ? message : `${message}: ${error}`),
      ...(unknown === undefined ? {} : meant(unknown, names)),
    })
  }
}

/** The thresholds that a run can have; tells of all others. */
export function usableThresholds(
  definitions: ThresholdDefinitions,
  store: MetricStore,
  find: (finding: Finding) => void,
): ThresholdDefinitions {
  const usable = [...definitions].filter((entry) => {
    try {
      checkThresholds(new Map([entry]), store.registry)
      return true
    } catch (e) {
      if (!isAppError(e)) throw e
      const [name = ''] = entry[0].split('{')
      const names = store.registry.all().map((metric) => metric.name)
      find({ ...findingOf(e), ...(store.registry.get(name) === undefined ? meant(name, names) : {}) })
      return false
    }
  })
  return new Map(usable)
}

/** Metrics that only a load has, and those of calls that no check makes. */
const notRehearsed = /^(vus|vus_max|dropped_iterations|http_.*|ws_.*|browser_.*)$/

/** Tells of thresholds that nothing was measured for: they always hold, which is not what they are there for. */
export function findIdleThresholds(thresholds: Thresholds, find: (finding: Finding) => void): void {
  for (const { stored } of thresholds.all()) {
    const [metric = ''] = stored.name.split('{')
    if (notRehearsed.test(metric) || !stored.sink.isEmpty) continue
    find({
      severity: 'warning',
      text: `the threshold on ${stored.name} looks at nothing: no iteration made such a sample`,
      hint: 'check the name and its tags; a threshold without samples always holds',
    })
  }
}

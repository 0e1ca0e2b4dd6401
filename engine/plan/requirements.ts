/**
 * What a test needs over time: how many VUs must be ready when, how long all takes, and the lines that describe it. Pure:
 * from scenarios and a segment to numbers.
 */
import { formatDuration, nanosecondsOf, sumMs } from '../../go/duration.js'
import { formatFixed2 } from '../../go/number.js'
import type { ConstantArrivalRateConfig, RampingArrivalRateConfig, ScenarioConfig } from '../options/scenario.js'
import { reservedVUsSteps, stagesDurationMs } from './ramping-vus.js'
import {
  createStriping,
  lengthOf,
  type Segment,
  type SegmentSequence,
  type Striping,
  scale,
  stripingFor,
} from './segment.js'

/** From `offsetMs` on the test needs these VUs. */
export interface RequirementStep {
  readonly offsetMs: number
  /** VUs that must be initialised before. */
  readonly plannedVUs: number
  /** VUs that may be initialised on top while the test runs. */
  readonly maxUnplannedVUs: number
}

/** A test as it will be run by this process. */
export interface ExecutionPlan {
  readonly striping: Striping
  /** The needs of all scenarios together; VUs are shared by scenarios that do not overlap. */
  readonly steps: readonly RequirementStep[]
  /** VUs to initialise before the test. */
  readonly maxPlannedVUs: number
  /** VUs that there can be at any one time, unplanned ones included. */
  readonly maxPossibleVUs: number
  /** From the start to the latest possible end, graceful stops included. */
  readonly maxDurationMs: number
  /** The scenarios that have something to do in this segment. */
  readonly scenarios: readonly ScenarioConfig[]
  /** `(100.00%) 1 scenario, 2 max VUs, 10m30s max duration (incl. graceful stop):` */
  readonly summary: string
  /** `default: 6 iterations shared among 2 VUs (…)` for each scenario, also those without work here. */
  readonly descriptions: readonly string[]
}

/**
 * Plans a test.
 *
 * @param scenarios sorted by start time, then name, as `consolidateOptions` gives them
 * @throws {SegmentError} when the segment does not fit the sequence
 */
export function planExecution(
  scenarios: readonly ScenarioConfig[],
  segment?: Segment,
  sequence?: SegmentSequence,
): ExecutionPlan {
  const striping = createStriping(segment, sequence)
  const steps = fullRequirements(scenarios, striping)
  const maxPossibleVUs = Math.max(0, ...highest(steps, (step) => step.plannedVUs + step.maxUnplannedVUs))
  const maxDurationMs = steps.at(-1)?.offsetMs ?? 0
  const { numerator, denominator } = lengthOf(segment)
  const percent = formatFixed2((Number(numerator) / Number(denominator)) * 100)
  const count = scenarios.length === 1 ? '1 scenario' : `${scenarios.length} scenarios`
  const shownMs = Math.round(maxDurationMs / 100) * 100
  return {
    striping,
    steps,
    maxPlannedVUs: Math.max(0, ...highest(steps, (step) => step.plannedVUs)),
    maxPossibleVUs,
    maxDurationMs,
    scenarios: scenarios.filter((scenario) => hasWork(scenario, striping)),
    summary: `(${percent}%) ${count}, ${maxPossibleVUs} max VUs, ${formatDuration(shownMs)} max duration (incl. graceful stop):`,
    descriptions: scenarios.map((scenario) => `${scenario.name}: ${describeScenario(scenario, striping)}`),
  }
}

function highest(steps: readonly RequirementStep[], count: (step: RequirementStep) => number): number[] {
  return steps.length === 0 ? [] : [steps.reduce((max, step) => Math.max(max, count(step)), 0)]
}

/** What one scenario needs, counted from its own start. */
export function scenarioRequirements(scenario: ScenarioConfig, striping: Striping): RequirementStep[] {
  if (scenario.executor === 'ramping-vus') {
    return reservedVUsSteps(scenario, striping).map(({ offsetMs, vus }) => ({
      offsetMs,
      plannedVUs: vus,
      maxUnplannedVUs: 0,
    }))
  }
  const plannedVUs = scale(striping, 'vus' in scenario ? scenario.vus : scenario.preAllocatedVUs)
  const maxUnplannedVUs = 'maxVUs' in scenario ? scale(striping, scenario.maxVUs) - plannedVUs : 0
  const start = { offsetMs: 0, plannedVUs, maxUnplannedVUs }
  if (scenario.executor === 'shared-iterations' && plannedVUs === 0) return [start]
  const endMs = sumMs(regularDurationMs(scenario), scenario.gracefulStopMs)
  return [start, { offsetMs: endMs, plannedVUs: 0, maxUnplannedVUs: 0 }]
}

/** How long a scenario starts iterations at most, in ms: without start time and graceful stop. */
export function regularDurationMs(scenario: ScenarioConfig): number {
  if ('stages' in scenario) return stagesDurationMs(scenario.stages)
  return 'maxDurationMs' in scenario ? scenario.maxDurationMs : scenario.durationMs
}

/** What all scenarios need together; each step differs from the one before. */
export function fullRequirements(scenarios: readonly ScenarioConfig[], striping: Striping): RequirementStep[] {
  const all = scenarios.flatMap((scenario, position) =>
    scenarioRequirements(scenario, striping).map((step) => ({
      ...step,
      offsetMs: sumMs(step.offsetMs, scenario.startTimeMs),
      position,
    })),
  )
  all.sort((a, b) => a.offsetMs - b.offsetMs || a.position - b.position)
  const current = scenarios.map(() => ({ plannedVUs: 0, maxUnplannedVUs: 0 }))
  let [plannedVUs, maxUnplannedVUs] = [0, 0]
  const steps: RequirementStep[] = []
  for (const step of all) {
    const before = current[step.position] ?? { plannedVUs: 0, maxUnplannedVUs: 0 }
    plannedVUs += step.plannedVUs - before.plannedVUs
    maxUnplannedVUs += step.maxUnplannedVUs - before.maxUnplannedVUs
    current[step.position] = step
    const last = steps.at(-1)
    if (last?.plannedVUs !== plannedVUs || last.maxUnplannedVUs !== maxUnplannedVUs) {
      steps.push({ offsetMs: step.offsetMs, plannedVUs, maxUnplannedVUs })
    }
  }
  return steps
}

/** False when the segment leaves a scenario nothing to do. */
export function hasWork(scenario: ScenarioConfig, striping: Striping): boolean {
  switch (scenario.executor) {
    case 'shared-iterations':
      return scale(striping, scenario.vus) > 0 && ownIterations(scenario, striping) > 0
    case 'per-vu-iterations':
      return scale(striping, scenario.vus) > 0 && scenario.iterations > 0
    case 'constant-vus':
      return scale(striping, scenario.vus) > 0
    case 'ramping-vus':
      return reservedVUsSteps(scenario, striping).some((step) => step.vus > 0)
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate':
      return scale(striping, scenario.maxVUs) > 0
  }
}

/** Our share of shared iterations: they are split as the VUs are. */
export function ownIterations(scenario: { vus: number; iterations: number }, striping: Striping): number {
  const own = stripingFor(striping, scenario.vus)
  return own === undefined ? 0 : scale(own, scenario.iterations)
}

/**
 * How the iterations of a scenario are numbered over the whole test: those that are shared and those that arrive are split
 * as the VUs are, others as the test is.
 */
export function iterationStriping(scenario: ScenarioConfig, striping: Striping): Striping {
  if (scenario.executor === 'shared-iterations') return stripingFor(striping, scenario.vus) ?? striping
  return 'maxVUs' in scenario ? (stripingFor(striping, scenario.maxVUs) ?? striping) : striping
}

/** `6 iterations shared among 2 VUs (maxDuration: 10m0s, gracefulStop: 30s)` and the like. */
export function describeScenario(scenario: ScenarioConfig, striping: Striping): string {
  switch (scenario.executor) {
    case 'shared-iterations':
      return (
        `${ownIterations(scenario, striping)} iterations shared among ${scale(striping, scenario.vus)} VUs` +
        facts(scenario, `maxDuration: ${formatDuration(scenario.maxDurationMs)}`)
      )
    case 'per-vu-iterations':
      return (
        `${scenario.iterations} iterations for each of ${scale(striping, scenario.vus)} VUs` +
        facts(scenario, `maxDuration: ${formatDuration(scenario.maxDurationMs)}`)
      )
    case 'constant-vus':
      return `${scale(striping, scenario.vus)} looping VUs for ${formatDuration(scenario.durationMs)}${facts(scenario)}`
    case 'ramping-vus':
      return (
        `Up to ${scale(striping, highestTarget(scenario.startVUs, scenario.stages))} looping VUs` +
        ` for ${overStages(scenario.stages)}` +
        facts(scenario, `gracefulRampDown: ${formatDuration(scenario.gracefulRampDownMs)}`)
      )
    case 'constant-arrival-rate': {
      const maxVUs = scale(striping, scenario.maxVUs)
      const share = maxVUs === 0 ? 0 : maxVUs / scenario.maxVUs
      return (
        `${ratePerSecond(scenario.rate, scenario, share)} iterations/s for ${formatDuration(scenario.durationMs)}` +
        facts(scenario, vusRange(scenario, striping))
      )
    }
    case 'ramping-arrival-rate': {
      const { numerator, denominator } = lengthOf(striping.sequence[striping.index])
      const rate = highestTarget(scenario.startRate, scenario.stages)
      return (
        `Up to ${ratePerSecond(rate, scenario, Number(numerator) / Number(denominator))} iterations/s` +
        ` for ${overStages(scenario.stages)}${facts(scenario, vusRange(scenario, striping))}`
      )
    }
  }
}

function highestTarget(start: number, stages: readonly { target: number }[]): number {
  return stages.reduce((max, { target }) => Math.max(max, target), start)
}

function overStages(stages: readonly { durationMs: number }[]): string {
  return `${formatDuration(stagesDurationMs(stages))} over ${stages.length} stages`
}

function ratePerSecond(rate: number, { timeUnitMs }: { timeUnitMs: number }, share: number): string {
  return formatFixed2(((rate * 1e9) / Number(nanosecondsOf(timeUnitMs))) * share)
}

function vusRange(scenario: ConstantArrivalRateConfig | RampingArrivalRateConfig, striping: Striping): string {
  const own = { preAllocatedVUs: scale(striping, scenario.preAllocatedVUs), maxVUs: scale(striping, scenario.maxVUs) }
  // k6 compares the shares for a constant rate and the numbers of the whole test for a ramping one
  const compared = scenario.executor === 'constant-arrival-rate' ? own : scenario
  const upTo = compared.maxVUs > compared.preAllocatedVUs ? `-${own.maxVUs}` : ''
  return `maxVUs: ${own.preAllocatedVUs}${upTo}`
}

function facts(scenario: ScenarioConfig, ...own: readonly string[]): string {
  const all = [...own]
  if (scenario.hasExec) all.push(`exec: ${scenario.exec}`)
  if (scenario.startTimeMs > 0) all.push(`startTime: ${formatDuration(scenario.startTimeMs)}`)
  if (scenario.gracefulStopMs > 0) all.push(`gracefulStop: ${formatDuration(scenario.gracefulStopMs)}`)
  return all.length === 0 ? '' : ` (${all.join(', ')})`
}

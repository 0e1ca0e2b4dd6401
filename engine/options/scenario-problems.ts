/**
 * What can be wrong with a scenario, in k6's words. Judges values only; whether the exported function exists is checked
 * where the exports are known.
 */
import { formatDuration } from '../../go/duration.js'
import { type RampingVUsConfig, resolveScenario, type ScenarioSpec, type StageSpec } from './scenario.js'

const minDurationMs = 1_000
const maxConcurrentVUs = 100_000_000
/** How often the stages of one ramping-vus scenario may change the number of VUs: the steps are computed in advance. */
export const maxRampingSteps = 1_000_000

/** Everything that is wrong with a scenario, in k6's words and order; empty when nothing is. */
export function scenarioProblems(name: string, spec: ScenarioSpec): string[] {
  const problems: string[] = []
  const wrong = (isWrong: boolean, text: string) => isWrong && problems.push(text)
  const config = resolveScenario(name, spec)
  wrong(name === '', "scenario name can't be empty")
  wrong(
    !/^[0-9a-zA-Z_-]+$/.test(name),
    'the scenario name should contain only numbers, latin letters, underscores, and dashes',
  )
  wrong(spec.exec === '', 'exec value cannot be empty')
  wrong(config.startTimeMs < 0, "the startTime can't be negative")
  wrong(config.gracefulStopMs < 0, "the gracefulStop timeout can't be negative")
  switch (config.executor) {
    case 'shared-iterations':
      wrong(config.vus <= 0, 'the number of VUs must be more than 0')
      wrong(
        config.iterations < config.vus,
        `the number of iterations (${config.iterations}) can't be less than the number of VUs (${config.vus})`,
      )
      problems.push(...durationProblems('maxDuration', config.maxDurationMs))
      break
    case 'per-vu-iterations':
      wrong(config.vus <= 0, 'the number of VUs must be more than 0')
      wrong(config.iterations <= 0, 'the number of iterations must be more than 0')
      problems.push(...durationProblems('maxDuration', config.maxDurationMs))
      break
    case 'constant-vus':
      wrong(config.vus <= 0, 'the number of VUs must be more than 0')
      problems.push(...durationProblems('duration', spec.durationMs))
      break
    case 'ramping-vus':
      problems.push(...rampingVUsProblems(config, spec.stages ?? []))
      break
    case 'constant-arrival-rate':
      if (spec.rate === undefined) problems.push("the iteration rate isn't specified")
      else wrong(spec.rate <= 0, 'the iteration rate must be more than 0')
      wrong(config.timeUnitMs <= 0, 'the timeUnit must be more than 0')
      problems.push(...durationProblems('duration', spec.durationMs), ...arrivalVUProblems(spec))
      break
    case 'ramping-arrival-rate':
      wrong(config.startRate < 0, "the startRate value can't be negative")
      wrong(config.timeUnitMs <= 0, 'the timeUnit must be more than 0')
      problems.push(...stageProblems(spec.stages ?? []), ...arrivalVUProblems(spec))
      break
  }
  return problems
}

function durationProblems(what: string, durationMs: number | undefined): string[] {
  if (durationMs === undefined) return [`the ${what} is unspecified`]
  if (durationMs >= minDurationMs) return []
  return [`the ${what} must be at least ${formatDuration(minDurationMs)}, but is ${formatDuration(durationMs)}`]
}

function arrivalVUProblems(spec: ScenarioSpec): string[] {
  const problems: string[] = []
  if (spec.preAllocatedVUs === undefined) problems.push("the number of preAllocatedVUs isn't specified")
  else if (spec.preAllocatedVUs < 0) problems.push("the number of preAllocatedVUs can't be negative")
  if (spec.maxVUs !== undefined && spec.maxVUs < (spec.preAllocatedVUs ?? 0)) {
    problems.push("maxVUs can't be less than preAllocatedVUs")
  }
  return problems
}

function stageProblems(stages: readonly StageSpec[]): string[] {
  if (stages.length === 0) return ['at least one stage has to be specified']
  return stages.flatMap(({ durationMs, target }, index) => {
    const number = index + 1
    const problems: string[] = []
    if (durationMs === undefined) problems.push(`stage ${number} doesn't have a duration`)
    else if (durationMs < 0) problems.push(`the duration for stage ${number} can't be negative`)
    if (target === undefined) problems.push(`stage ${number} doesn't have a target`)
    else if (target < 0) problems.push(`the target for stage ${number} can't be negative`)
    return problems
  })
}

function rampingVUsProblems(config: RampingVUsConfig, stages: readonly StageSpec[]): string[] {
  const problems: string[] = []
  if (config.startVUs < 0) problems.push("the number of start VUs can't be negative")
  if (config.startVUs <= 0 && config.stages.every(({ target }) => target <= 0)) {
    problems.push("either startVUs or one of the stages' target values must be greater than 0")
  }
  problems.push(...stageProblems(stages))
  if (config.startVUs > maxConcurrentVUs) problems.push(`the startVUs exceed max limit of ${maxConcurrentVUs}`)
  config.stages.forEach(({ target }, index) => {
    if (target > maxConcurrentVUs) {
      problems.push(`target for stage ${index + 1} exceeds max limit of ${maxConcurrentVUs}`)
    }
  })
  const steps = countRampingSteps(config)
  if (problems.length === 0 && steps > maxRampingSteps) {
    problems.push(`the stages change the number of VUs ${steps} times, more than the ${maxRampingSteps} supported`)
  }
  return problems
}

function countRampingSteps(config: RampingVUsConfig): number {
  let [steps, from] = [0, config.startVUs]
  for (const { durationMs, target } of config.stages) {
    steps += durationMs === 0 ? 1 : Math.abs(target - from)
    from = target
  }
  return steps
}

/** The executors by k6's names. */
import type { ScenarioConfig } from '../options/scenario.js'
import { runArrivalRate } from './arrival-rate.js'
import type { ScenarioRun } from './executor.js'
import { runConstantVus, runPerVuIterations, runSharedIterations } from './loops.js'
import { runRampingVus } from './ramping-vus.js'

type Executors = { [C in ScenarioConfig as C['executor']]: (run: ScenarioRun<C>) => Promise<void> }

const executors: Executors = {
  'shared-iterations': runSharedIterations,
  'per-vu-iterations': runPerVuIterations,
  'constant-vus': runConstantVus,
  'ramping-vus': runRampingVus,
  'constant-arrival-rate': runArrivalRate,
  'ramping-arrival-rate': runArrivalRate,
}

/** Runs a scenario to its end. */
export function runScenario(run: ScenarioRun): Promise<void> {
  return (executors[run.config.executor] as (run: ScenarioRun) => Promise<void>)(run)
}

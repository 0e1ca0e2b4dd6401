/** What `k6/execution` shows that changes while a test runs: how far the scenario is, what is done, how many VUs there are. */
import type { VuContext } from '../host/vu-context.js'
import { ownIterations, regularDurationMs } from './plan/requirements.js'
import { scale } from './plan/segment.js'
import type { RunConfig } from './run-config.js'
import type { SharedCounters } from './shared-counters.js'

/** Where the run stands. */
export interface ExecutionState {
  readonly counters: SharedCounters
  /** Undefined in the first init. */
  readonly config: RunConfig | undefined
  /** Milliseconds since 1970 when the run began; undefined before. */
  readonly startTimeMs: number | undefined
  readonly nowMs: number
}

/** The values for a VU, as JSON; modules/k6/execution.ts reads them. */
export function executionInfo(vu: VuContext, state: ExecutionState): string {
  const { counters, config, startTimeMs, nowMs } = state
  return JSON.stringify({
    ...vu.iteration,
    // Whole milliseconds, as scripts expect of a point in time; the run itself counts in fractions.
    ...(vu.iteration && { scenarioStartMs: Math.floor(vu.iteration.scenarioStartMs) }),
    scenarioProgress: config === undefined ? undefined : progressOf(vu, config, state),
    runDurationMs: startTimeMs === undefined ? 0 : nowMs - startTimeMs,
    completed: counters.get('completed'),
    interrupted: counters.get('interrupted'),
    activeVus: counters.get('activeVus'),
    initializedVus: counters.get('initializedVus'),
    testOptions: config?.testOptions ?? null,
  })
}

/** How far the VU's scenario is, from 0 to 1. */
function progressOf(
  vu: VuContext,
  { scenarios, striping }: RunConfig,
  { counters, nowMs }: ExecutionState,
): number | undefined {
  const index = scenarios.findIndex(({ name }) => name === vu.iteration?.scenario)
  const scenario = scenarios[index]
  if (scenario === undefined) return undefined
  if (scenario.executor === 'shared-iterations') {
    return counters.getFor(index, 'completed') / ownIterations(scenario, striping)
  }
  if (scenario.executor === 'per-vu-iterations') {
    return counters.getFor(index, 'completed') / (scenario.iterations * scale(striping, scenario.vus))
  }
  return Math.min(1, (nowMs - vu.iteration!.scenarioStartMs) / regularDurationMs(scenario))
}

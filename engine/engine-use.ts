/** What the engine of a run's VUs is compiled for. */
import type { ProfileName } from '../policy/policy.js'
import type { EngineUse } from '../runtime/engine-compiler.js'
import type { ScenarioConfig } from './options/scenario.js'

/** Optimizing the engine takes as long as thousands of usual iterations do; some may compute for long. */
const mostBriefIterations = 1000

/**
 * `brief` for a run that is known to have a few iterations only, and for the script of a stranger: while V8 optimizes, it takes
 * memory that such a run's process may not have (hostMemoryBytes).
 */
export function engineUseOf(scenarios: readonly ScenarioConfig[], profile: ProfileName): EngineUse {
  if (profile === 'untrusted') return 'brief'
  const iterations = scenarios.reduce((sum, scenario) => sum + iterationsOf(scenario), 0)
  return iterations <= mostBriefIterations ? 'brief' : 'lasting'
}

function iterationsOf(scenario: ScenarioConfig): number {
  switch (scenario.executor) {
    case 'shared-iterations':
      return scenario.iterations
    case 'per-vu-iterations':
      return scenario.iterations * scenario.vus
    default:
      return Number.POSITIVE_INFINITY
  }
}

import assert from 'node:assert/strict'
import { engineUseOf } from '../../engine/engine-use.js'
import type { ScenarioConfig } from '../../engine/options/scenario.js'

describe('engineUseOf', () => {
  const use = (...scenarios: object[]) => engineUseOf(scenarios as ScenarioConfig[], 'trusted')
  const shared = (iterations: number) => ({ executor: 'shared-iterations', vus: 10, iterations })

  it('counts the iterations of all scenarios and all VUs', () => {
    assert.equal(use(shared(1)), 'brief')
    assert.equal(use(shared(1000)), 'brief')
    assert.equal(use(shared(1001)), 'lasting')
    assert.equal(use(shared(600), shared(600)), 'lasting')
    assert.equal(use({ executor: 'per-vu-iterations', vus: 5, iterations: 200 }), 'brief')
    assert.equal(use({ executor: 'per-vu-iterations', vus: 6, iterations: 200 }), 'lasting')
  })

  it('takes what ends by time for lasting', () => {
    assert.equal(use({ executor: 'constant-vus', vus: 1, durationMs: 1 }), 'lasting')
    assert.equal(use(shared(1), { executor: 'ramping-arrival-rate', startRate: 1 }), 'lasting')
  })

  it('has nothing optimized for a stranger', () => {
    const lasting = [{ executor: 'constant-vus', vus: 1, durationMs: 1 }] as unknown as ScenarioConfig[]
    assert.equal(engineUseOf(lasting, 'untrusted'), 'brief')
  })
})

import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { runScript } from '../support/run-script.js'

describe('ScenarioTracker', () => {
  it('knows how long a scenario took once it has ended', async () => {
    const source = `
      import { sleep } from 'k6'
      export const options = { scenarios: {
        brief: { executor: 'per-vu-iterations', vus: 1, iterations: 1, exec: 'brief' },
        longer: { executor: 'per-vu-iterations', vus: 1, iterations: 1, exec: 'longer' },
      } }
      export function brief() {}
      export function longer() { sleep(0.3) }`
    const { run } = await runScript(source)
    const elapsed = () => run.progress.scenarios.map(({ elapsedMs }) => elapsedMs)
    const [brief = 0, longer = 0] = elapsed()
    assert.deepEqual(
      run.progress.scenarios.map(({ status }) => status),
      ['done', 'done'],
    )
    assert.ok(brief < longer && longer >= 300, `${brief} and ${longer} ms`)
    await setTimeout(20)
    assert.deepEqual(elapsed(), [brief, longer])
  })
})

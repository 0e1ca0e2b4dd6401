/** VUs whose VM is lost, with scripts of which each VM runs another one: so the second init differs from the first. */
import assert from 'node:assert/strict'
import { IterationSeries } from '../../engine/iteration-series.js'
import { LoopTurns } from '../../engine/loop-turns.js'
import type { ScenarioConfig } from '../../engine/options/scenario.js'
import { SharedCounters } from '../../engine/shared-counters.js'
import { VirtualUser } from '../../engine/virtual-user.js'
import { VmSource } from '../../engine/vm-source.js'
import { VuLedger } from '../../engine/vu-ledger.js'
import type { VuContext } from '../../host/vu-context.js'
import { TagSet } from '../../metrics/tag-set.js'
import { describeInVmThread } from '../support/in-vm-thread.js'
import { loadScript } from '../support/script-vm.js'

const lost = `export default function () { for (;;); }`

describeInVmThread('VirtualUser', import.meta.url, (it) => {
  /** A VU whose VMs have these scripts, one after the other. `onPoll` is called while the last of them computes. */
  async function userOf(scripts: readonly string[], onInit: (user: VirtualUser, context: VuContext) => void) {
    const limits = { cpuMs: 100 }
    const sources = await Promise.all(
      scripts.map(async (source) => {
        const loaded = await loadScript(source, { limits })
        const maker = { context: loaded.context, initialized: loaded.initialized, copied: () => assert.fail() }
        return { loaded, vms: new VmSource(maker, loaded.modules, false) }
      }),
    )
    const losses: unknown[] = []
    const contexts: VuContext[] = []
    const { services } = sources[0]!.loaded.context(1)
    const user: VirtualUser = new VirtualUser(1, {
      services,
      counters: new SharedCounters(),
      ledger: VuLedger.forVus(1),
      turns: new LoopTurns(),
      series: [new IterationSeries(TagSet.empty, services.samples, services.registry)],
      hasVuMetadata: false,
      hasIterMetadata: false,
      minIterationMs: 0,
      scenarios: [
        { name: 's', executor: 'shared-iterations', exec: 'default', tags: [], env: [] } as never as ScenarioConfig,
      ],
      arrivals: () => undefined,
      iterationInTest: (_scenario, index) => index,
      newVm: (id, told) =>
        sources[contexts.length]!.vms.newVm(id, (context) => {
          contexts.push(context)
          if (contexts.length === scripts.length) onInit(user, context)
          told?.(context)
        }),
      setupData: () => undefined,
      onFailure: (failure) => assert.fail(JSON.stringify(failure)),
      onIterationTimeout: () => {},
      maxIterationMs: Number.POSITIVE_INFINITY,
      onVmLost: (_vu, error) => losses.push(error) > 0,
    })
    const loop = () =>
      user.loop({ vu: 1, scenario: 0, iterations: scripts.length, endTimeMs: Date.now() + 60_000, scenarioStartMs: 0 })
    const said = () => sources.flatMap(({ loaded }) => loaded.said())
    return { user, loop, losses, contexts, said }
  }

  it('gets another VM for one that is lost', async () => {
    const { loop, losses, said } = await userOf([lost, 'export default () => console.log("here")'], () => {})
    assert.equal(await loop(), 2)
    assert.deepEqual([losses.map((e) => (e as { code: string }).code), said()], [['LIMIT_CPU'], ['here']])
  })

  it('is interrupted while the init code of its next VM computes', async () => {
    const { loop, losses, said, contexts }: Awaited<ReturnType<typeof userOf>> = await userOf(
      [lost, 'console.log("init"); for (;;); export default function () {}'],
      // Not before its first line has run.
      (user, { services }) => Object.assign(services, { onPoll: () => said().length > 0 && user.interrupt() }),
    )
    assert.equal(await loop(), 2)
    // Nothing is lost but the first.
    assert.deepEqual([losses.length, said(), contexts.length], [1, ['init'], 2])
  })

  it('is interrupted before that has begun', async () => {
    const { loop, losses } = await userOf([lost, 'for (;;); export default function () {}'], (user) => user.interrupt())
    assert.equal(await loop(), 2)
    assert.equal(losses.length, 1)
  })

  it('is interrupted while that waits, and begins anew when it iterates again', async () => {
    const { loop, losses, said } = await userOf(
      [lost, `import { sleep } from 'k6'; console.log('init'); sleep(60); export default function () {}`],
      (user) => setTimeout(() => user.interrupt(), 20),
    )
    assert.equal(await loop(), 2)
    assert.deepEqual([losses.length, said()], [1, ['init']])
  })
})

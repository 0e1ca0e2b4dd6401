import assert from 'node:assert/strict'
import { describeInVmThread } from '../support/in-vm-thread.js'
import { PausingTurns } from '../support/pausing-turns.js'
import { type ScriptVmOptions, scriptVm } from '../support/script-vm.js'

const files = {
  'common.cjs': `
    const { sleep } = require('k6')
    const list = []
    for (let i = 0; i < 5; i++) list.push(i)
    module.exports = { list, lazy: require('./late.cjs').late, data: require('./data.json'), sleep: typeof sleep }`,
  'late.cjs': `let n = 0; for (const x of [1, 2, 3]) n += x; exports.late = () => n`,
  'data.json': '{"users":[{"name":"a"},{"name":"b"}]}',
  'typed.ts':
    'export enum Color { Red = 1, Green } export const twice = <T extends { n: number }>(t: T): number => t.n * 2',
  'throws.cjs': 'throw new Error("thrown by " + [1, 2].map((x) => x * 2))',
}

/** Uses what there is of guest halves that go back and forth between script and host. */
const script = `
  import { check, fail, group, sleep } from 'k6'
  import crypto from 'k6/crypto'
  import { SharedArray } from 'k6/data'
  import encoding from 'k6/encoding'
  import exec from 'k6/execution'
  import { Counter, Gauge, Rate, Trend } from 'k6/metrics'
  import common from './common.cjs'
  import { Color, twice } from './typed.ts'

  const counter = new Counter('my_counter'), trend = new Trend('my_trend', true), rate = new Rate('my_rate'), gauge = new Gauge('my_gauge')
  const shared = new SharedArray('numbers', () => { const a = []; for (let i = 0; i < 9; i++) a.push({ i, text: 'x'.repeat(i) }); return a })
  const file = open('./data.json')
  try { require('./throws.cjs') } catch (e) { console.log('init', e.message) }
  export const options = { iterations: 1, thresholds: { my_counter: ['count>0'] } }

  export default function () {
    console.log(common.list, common.lazy(), common.data.users.map(({ name }) => name), common.sleep, Color.Green, twice({ n: 4 }), file.length)
    for (let i = 0; i < 400; i++) { counter.add(1, { kind: i % 3 === 0 ? 'three' : 'other' }); trend.add(i); rate.add(i % 2); gauge.add(i) }
    group('outer', () => group('inner', () => {
      for (let i = 0; i < 20; i++) check({ i, get more() { return [this.i].map((x) => x * 2)[0] } }, { 'is small': (x) => x.i < 15, 'has more': (x) => x.more === x.i * 2 })
    }))
    console.log(shared.length, shared[3], shared.reduce((sum, { i }) => sum + i, 0), [...shared].length)
    console.log(crypto.sha256('abc', 'hex'), encoding.b64encode('abc'), exec.vu.idInTest, { deep: { toJSON: () => ['made'] } })
    sleep(0.001)
    const order = []
    const note = (x) => { for (let i = 0; i < 4; i++); order.push(x) }
    setTimeout(async () => {
      note('timeout 1'); await null; note('after 1'); sleep(0.001); note('slept')
      const interval = setInterval(() => { note('tick'); clearInterval(interval); setTimeout(() => console.log(order.join())) }, 1)
    }, 1)
    Promise.resolve().then(() => note('job')).finally(() => note('finally'))
    try { fail('no more') } catch (e) { console.log(String(e)) }
  }
  export function failing() { const deep = (n) => { if (n === 0) [1].map(() => undefinedThing()); deep(n - 1) }; deep(3) }
  export async function rejecting() { await null; for (let i = 0; i < 4; i++); throw new TypeError('rejected ' + [1, 2]) }
  export function handleSummary(data) { const out = {}; for (const k of ['a', 'b']) out[k] = JSON.stringify([k]); return out }`

async function play(options: ScriptVmOptions) {
  const { script: vm, said, internalErrors, context } = await scriptVm(script, { files, ...options })
  await vm.enter('activate', 'vu', '{}', '{}')
  const outcomes = []
  for (const name of ['default', 'failing', 'rejecting', 'default'])
    outcomes.push(await vm.iteration(name, outcomes.length))
  const exports = await vm.exports()
  const stage = await vm.stage('handleSummary', '{"metrics":{}}')
  const summary = await vm.stageValue('handleSummary')
  const { series, samples: values } = context.services.samples.take()!
  vm.release()
  const names = new Map(series.map(({ id, metric, tags }) => [id, JSON.stringify([metric, tags])]))
  // Without the times.
  const measured = []
  for (let i = 0; i < values.length; i += 3) {
    const name = names.get(values[i]!)!
    measured.push([name, name.includes('group_duration') ? undefined : values[i + 2]])
  }
  return { said: said(), internalErrors, outcomes, exports, stage, summary, measured }
}

describeInVmThread('a script whose VM is paused at every jump and call', import.meta.url, (it) => {
  it('does and measures the same as one that is not', async () => {
    const turns = await PausingTurns.create()
    const paused = await play({ turns })
    assert.ok(turns.pauses > 10_000, `only ${turns.pauses} pauses`)
    assert.deepEqual(paused, await play({}))
    assert.deepEqual(paused.internalErrors, [])
    assert.equal(paused.said.filter((text) => text.includes('slept')).length, 2)
    assert.deepEqual(
      paused.outcomes.map(({ kind }) => kind),
      ['done', 'failed', 'failed', 'done'],
    )
  })
})

import assert from 'node:assert/strict'
import { otherValues } from '../../../report/html/app/report-data.js'
import { RunRecorder, recorderLimits } from '../../../report/html/run-recorder.js'
import { feed, newStore, type RunSample } from '../../metrics/run-of.js'

function recorded(samples: Iterable<RunSample>, store = newStore()) {
  const recorder = new RunRecorder()
  store.onSamples((batch) => recorder.add(batch))
  feed(store, samples)
  const find = (metric: string, by?: string, of?: string) =>
    recorder.lines().find((line) => line.metric === metric && line.by === by && line.of === of)
  return { recorder, find }
}

const call = (method: string, status: string, ms = 5, scenario = 'default'): RunSample => [
  'grpc_req_duration',
  ms,
  { service: 'a.B', method, status, scenario },
]

describe('the recorder of a run', () => {
  it('has a line for each metric of any type', () => {
    const { find } = recorded([
      ['cnt', 2],
      ['cnt', 3],
      ['gau', 7],
      ['rat', 1],
      ['tre', 4],
    ])
    assert.deepEqual(find('cnt')?.points, { sum: [5] })
    assert.deepEqual(find('gau')?.points, { last: [7] })
    assert.deepEqual(find('rat')?.points, { trues: [1], total: [1] })
    assert.deepEqual(find('tre')?.points.p50, [4])
  })

  it('tells calls apart by method, scenario and status', () => {
    const { recorder, find } = recorded([call('Get', '0', 10), call('Get', '14', 20, 'other'), call('Put', '0', 30)])
    assert.equal(find('grpc_req_duration', 'method', 'a.B/Get')?.total?.count, 2)
    assert.equal(find('grpc_req_duration', 'method', 'a.B/Put')?.total?.max, 30)
    assert.equal(find('grpc_req_duration', 'scenario', 'other')?.total?.count, 1)
    assert.deepEqual(find('grpc_req_duration', 'status', '14')?.points, { sum: [1] })
    assert.deepEqual(recorder.statuses(), [
      { protocol: 'grpc', method: 'a.B/Get', status: '0', isError: false, count: 1 },
      { protocol: 'grpc', method: 'a.B/Get', status: '14', isError: true, count: 1 },
      { protocol: 'grpc', method: 'a.B/Put', status: '0', isError: false, count: 1 },
    ])
  })

  it('takes from HTTP requests what was expected of them, and else their status', () => {
    const request = (status: string, expected?: string): RunSample => [
      'http_req_duration',
      5,
      { method: 'GET', name: 'x', status, ...(expected === undefined ? {} : { expected_response: expected }) },
    ]
    const { recorder } = recorded([
      request('404', 'true'),
      request('200', 'false'),
      request('302'),
      request('500'),
      request('0'),
    ])
    assert.deepEqual(
      recorder.statuses().map(({ method, status, isError }) => [method, status, isError]),
      [
        ['GET x', '404', false],
        ['GET x', '200', true],
        ['GET x', '302', false],
        ['GET x', '500', true],
        ['GET x', '0', true],
      ],
    )
  })

  it('gives the first values of a tag lines of their own, and the others one together', () => {
    const samples = Array.from({ length: 1000 }, (_, i) => call(`M${i}`, String(i), 5, `s${i}`))
    const checks = Array.from(
      { length: 1000 },
      (_, i): RunSample => ['checks', 1, { check: `c${i}`, group: `::g${i}` }],
    )
    const groups = Array.from({ length: 1000 }, (_, i): RunSample => ['group_duration', 1, { group: `::g${i}` }])
    const { recorder, find } = recorded([...samples, ...checks, ...groups])
    const lines = recorder.lines()
    for (const by of ['method', 'scenario', 'status', 'check'] as const) {
      assert.equal(lines.filter((line) => line.by === by).length, recorderLimits[by] + 1, by)
    }
    assert.equal(find('grpc_req_duration', 'method', otherValues)?.total?.count, 1000 - recorderLimits.method)
    assert.equal(recorder.groups().length, recorderLimits.group + 1)
    assert.ok(recorder.statuses().length <= (recorderLimits.method + 1) * (recorderLimits.status + 1))
    assert.equal(
      recorder.statuses().reduce((sum, { count }) => sum + count, 0),
      1000,
    )
  })

  it('has lines for so many metrics and no more', () => {
    const store = newStore()
    const names = Array.from({ length: 300 }, (_, i) => `metric_${i}`)
    for (const name of names) store.registry.declare(name, 'trend')
    const { recorder } = recorded(
      names.map((name): RunSample => [name, 1]),
      store,
    )
    assert.equal(recorder.lines().length, recorderLimits.metrics)
  })

  it('leaves out what cannot be drawn', () => {
    const { find } = recorded([
      ['tre', Number.POSITIVE_INFINITY],
      ['tre', Number.NaN],
      ['tre', 3],
    ])
    assert.equal(find('tre')?.total?.count, 1)
  })

  it('cleans names of what could turn or hide text', () => {
    const { recorder } = recorded([
      call('\u202eteG\u0007', '0\u001b[31m'),
      ['group_duration', 1, { group: '::\u0000' }],
    ])
    const text = JSON.stringify([recorder.lines(), recorder.statuses(), recorder.groups()])
    assert.doesNotMatch(JSON.parse(`"${JSON.stringify(text).slice(1, -1)}"`) as string, /[\u0000\u0007\u001b\u202e]/)
    assert.ok(recorder.statuses()[0]?.method.includes('\\u202e'))
  })
})

import assert from 'node:assert/strict'
import type { MetricStore } from '../../metrics/store.js'
import { Thresholds } from '../../metrics/thresholds.js'
import { summaryText } from '../../report/summary-text.js'
import type { SummaryContext } from '../../report/summary-values.js'
import { feed, newStore, type RunSample } from '../metrics/run-of.js'

const context: SummaryContext = {
  testRunDurationMs: 410.623,
  trendStats: ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'],
  timeUnit: '',
  noColor: false,
  isStdOutTty: false,
  isStdErrTty: false,
}
const root = { group: '', scenario: 'default' }

function thresholdsOf(store: MetricStore, option: Record<string, string[]>): Thresholds {
  const entries = Object.entries(option).map(
    ([name, list]) => [name, list.map((threshold) => ({ threshold }))] as const,
  )
  return Thresholds.of(new Map(entries), store)
}

function textOf(samples: RunSample[], changes: Partial<SummaryContext> = {}, mode: 'compact' | 'full' = 'compact') {
  const store = newStore({ hasBreakdown: mode === 'full' })
  feed(store, samples)
  return summaryText(store, Thresholds.none(), { ...context, ...changes }, mode)
}

describe('summaryText', () => {
  it('shows thresholds, checks and metrics in columns', () => {
    const store = newStore()
    const thresholds = thresholdsOf(store, {
      'grpc_req_duration{method:GetFeature}': ['max<1000'],
      checks: ['rate>0.9'],
      grpc_req_duration: ['p(95)<500', ' avg < 0.0001 '],
      cnt: ['count>100', 'rate>1'],
      'rat{a:b}': ['rate>0.5'],
    })
    for (let i = 0; i < 6; i++) {
      feed(store, [
        ['checks', 1, { ...root, check: 'status is OK' }],
        ['checks', i % 2, { ...root, check: 'sometimes' }],
        ['checks', 1, { group: '::g1', check: 'in1' }],
        ['cnt', 3, root],
        ['tre', 0.1234567, root],
        ['gau', 5, root],
        ['rat', 1, root],
        ['rat', 0, root],
        ['iterations', 1, root],
        ['iteration_duration', 105.379 + i * 5, root],
        ['group_duration', 3, { group: '::g1' }],
        ['data_received', 148, root],
        ['data_sent', 266, root],
        ['grpc_req_duration', 1.069 + i, { ...root, method: 'GetFeature' }],
      ])
    }
    thresholds.evaluate(context.testRunDurationMs, true)
    const expected = `

  █ THRESHOLDS~

    checks
    ✗ 'rate>0.9' rate=83.33%

    cnt
    ✗ 'count>100' count=18
    ✓ 'rate>1' rate=43.83583/s

    grpc_req_duration
    ✓ 'p(95)<500' p(95)=5.81ms
    ✗ 'avg < 0.0001' avg=3.56ms

      {method:GetFeature}
      ✓ 'max<1000' max=6.06ms

    rat{a:b}
    ✓ 'rate>0.5' rate=0.00%


  █ TOTAL RESULTS~

    checks_total.......: 18     43.83583/s
    checks_succeeded...: 83.33% 15 out of 18
    checks_failed......: 16.66% 3 out of 18

    ✓ status is OK
    ✗ sometimes
      ↳  50% — ✓ 3 / ✗ 3
    ✓ in1

    CUSTOM
    cnt.......................: 18     43.83583/s
    gau.......................: 5      min=5       max=5
    rat.......................: 50.00% 6 out of 12
      { a:b }.................: 0.00%  0 out of 0
    tre.......................: avg=0.123457 min=0.123457 med=0.123457 max=0.123457 p(90)=0.123457 p(95)=0.123457

    EXECUTION
    iteration_duration........: avg=117.87ms min=105.37ms med=117.87ms max=130.37ms p(90)=127.87ms p(95)=129.12ms
    iterations................: 6      14.611943/s

    NETWORK
    data_received.............: 888 B  2.2 kB/s
    data_sent.................: 1.6 kB 3.9 kB/s

    GRPC
    grpc_req_duration.........: avg=3.56ms   min=1.06ms   med=3.56ms   max=6.06ms   p(90)=5.56ms   p(95)=5.81ms ~
      { method:GetFeature }...: avg=3.56ms   min=1.06ms   med=3.56ms   max=6.06ms   p(90)=5.56ms   p(95)=5.81ms ~



`
    const text = `\n${summaryText(store, thresholds, context, 'compact')}\n\n`
    assert.equal(text.replaceAll(/ $/gm, '~'), expected)
  })

  it('adds groups and scenarios in full, each with columns of its own', () => {
    const text = textOf(
      [
        ['cnt', 1, { scenario: 'default', group: '::b' }],
        ['checks', 0, { scenario: 'default', group: '::b::in', check: 'c' }],
        ['iteration_duration', 1500, { scenario: 'z', group: '' }],
        ['cnt', 2, { scenario: 'a', group: '::x' }],
        ['cnt', 2, { scenario: 'default', group: '::a' }],
        ['cnt', 1, { group: '::setup' }],
        ['cnt', 1, { group: '::teardown::x' }],
      ],
      { trendStats: ['max', 'count'], testRunDurationMs: 2000 },
      'full',
    )
    const expected = `
  █ TOTAL RESULTS~

    checks_total.......: 1       0.5/s
    checks_succeeded...: 0.00%   0 out of 1
    checks_failed......: 100.00% 1 out of 1

    ✗ c
      ↳  0% — ✓ 0 / ✗ 1

    CUSTOM
    cnt..................: 7 3.5/s

    EXECUTION
    iteration_duration...: max=1.5s count=1


  █ GROUP: b~

    CUSTOM
    cnt...: 1 0.5/s

    ↳ GROUP: in~

      checks_total.......: 1       0.5/s
      checks_succeeded...: 0.00%   0 out of 1
      checks_failed......: 100.00% 1 out of 1

      ✗ c
          ↳  0% — ✓ 0 / ✗ 1


  █ GROUP: a~

    CUSTOM
    cnt...: 2 1/s


  █ SCENARIO: a~

    CUSTOM
    cnt...: 2 1/s

    ↳ GROUP: x~

      CUSTOM
      cnt...: 2 1/s


  █ SCENARIO: z~

    EXECUTION
    iteration_duration...: max=1.5s count=1

`
    assert.equal(text.replaceAll(/ $/gm, '~'), expected)
  })

  it('uses colours on a terminal only, and not when they are unwanted', () => {
    const samples: RunSample[] = [['checks', 0, { check: 'c' }]]
    const colored = textOf(samples, { isStdOutTty: true })
    assert.ok(colored.startsWith('\n  █ \u001b[1mTOTAL RESULTS\u001b[0m \n'))
    assert.ok(
      colored.includes(
        'checks_failed\u001b[2;37m......:\u001b[0m \u001b[36m100.00%\u001b[0m \u001b[2;36m1 out of 1\u001b[0m',
      ),
    )
    assert.ok(colored.includes('    \u001b[31m✗ c\u001b[0m\n      \u001b[31m↳  0% — ✓ 0 / ✗ 1\u001b[0m'))
    assert.equal(textOf(samples, { isStdOutTty: true, noColor: true }).includes('\u001b'), false)
  })

  it('sorts metrics under headings by the beginning of their names', () => {
    const store = newStore()
    for (const name of ['iterations_x', 'ws_mine', 'browser_mine', 'browser_web_vital_x', 'checks_x', 'vital']) {
      store.registry.declare(name, 'counter')
      feed(store, [[name, 1]])
    }
    feed(store, [
      ['http_reqs', 1],
      ['http_req_waiting', 1],
    ])
    const lines = (mode: 'compact' | 'full') =>
      summaryText(store, Thresholds.none(), context, mode)
        .split('\n')
        .map((line) => line.trim().split('.')[0])
        .filter(Boolean)
        .slice(1)
    const compact = [
      ...['CUSTOM', 'vital', 'HTTP', 'http_reqs', 'EXECUTION', 'iterations_x', 'BROWSER', 'browser_mine'],
      ...['WEB_VITALS', 'browser_web_vital_x', 'WEBSOCKET', 'ws_mine'],
    ]
    assert.deepEqual(lines('compact'), compact)
    assert.deepEqual(lines('full'), compact.toSpliced(3, 0, 'http_req_waiting'))
  })

  it('shows a trend without samples as zeros, and nothing of what was not asked for', () => {
    const store = newStore()
    const thresholds = thresholdsOf(store, { grpc_req_duration: ['p(99.9)<1'] })
    const text = summaryText(store, thresholds, { ...context, trendStats: ['avg'] }, 'compact')
    assert.match(text, /✓ 'p\(99.9\)<1' p\(99.9\)=0s\n/)
    assert.match(text, /grpc_req_duration\.\.\.: avg=0s\n/)
  })

  it('lets no control sequence of a script through', () => {
    const bad = '\u001b]52;c;eA==\u0007\n\u202e'
    const text = textOf(
      [
        ['checks', 1, { check: bad, group: `::${bad}`, scenario: 'default' }],
        ['cnt', 1, { scenario: bad, group: '' }],
      ],
      {},
      'full',
    )
    assert.doesNotMatch(text, /[\u001b\u0007\u202e]/)
    assert.ok(text.includes('✓ \\u001b]52;c;eA==\\u0007\\u000a\\u202e\n'))
  })
})

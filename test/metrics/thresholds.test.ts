import assert from 'node:assert/strict'
import { MetricRegistry } from '../../metrics/registry.js'
import {
  abortedByThresholds,
  checkThresholds,
  crossedThresholds,
  type ThresholdDefinition,
  Thresholds,
  trackSubMetrics,
} from '../../metrics/thresholds.js'
import { feed, newStore } from './run-of.js'

function defined(option: Record<string, (string | ThresholdDefinition)[]>) {
  return new Map(
    Object.entries(option).map(([name, list]) => [
      name,
      list.map((entry) => (typeof entry === 'string' ? { threshold: entry } : entry)),
    ]),
  )
}

describe('checkThresholds', () => {
  const registry = new MetricRegistry()
  registry.declare('tre', 'trend')

  for (const [title, option, message] of [
    [
      'an expression without an operator',
      { iterations: ['foo'] },
      'failed parsing threshold expression "foo"; reason: malformed threshold expression',
    ],
    [
      'an unknown method',
      { iterations: ['x<1'] },
      'failed parsing threshold expression\'s "x<1" left hand side; reason: failed parsing method from expression',
    ],
    [
      'a limit that is no number',
      { checks: ['rate<x'] },
      'failed parsing threshold expresion\'s "rate<x" right hand side; reason: strconv.ParseFloat: parsing "x": invalid syntax',
    ],
    [
      'a limit that is too large',
      { checks: ['rate<1e999'] },
      'failed parsing threshold expresion\'s "rate<1e999" right hand side; reason: strconv.ParseFloat: parsing "1e999": value out of range',
    ],
    [
      'a percentile over 100',
      { tre: ['p(101)<1'] },
      'failed parsing threshold expression\'s "p(101)<1" left hand side; reason: malformed percentile value, provide a number between 0 and 100',
    ],
    [
      'a percentile that is no number',
      { tre: ['p(x)<1'] },
      'failed parsing threshold expression\'s "p(x)<1" left hand side; reason: malformed percentile value; reason: strconv.ParseFloat: parsing "x": invalid syntax',
    ],
    [
      'a method that a counter has not',
      { iterations: ['p(95)>5'] },
      'invalid threshold "p(95)>5" applied on metric iterations; reason: unsupported aggregation method p on metric of type counter. supported aggregation methods for this metric are: count, rate',
    ],
    [
      'a method that a trend has not',
      { 'tre{a:b}': ['count>5'] },
      'invalid threshold "count>5" applied on metric tre{a:b}; reason: unsupported aggregation method count on metric of type trend. supported aggregation methods for this metric are: avg, min, max, med, p',
    ],
    [
      'an unknown metric',
      { nope: ['count>5'] },
      'invalid threshold defined on nope; reason: no metric name "nope" found',
    ],
    [
      'a brace that is not closed',
      { 'a{b': ['count>5'] },
      'unable to validate threshold expressions; reason: parsing metric name failed, metric "a{b" has unmatched opening/close curly brace',
    ],
    [
      'braces in the wrong order',
      { 'a}b{': ['count>5'] },
      'unable to validate threshold expressions; reason: parsing metric name failed, metric "a}b{" closing curly brace appears before opening one',
    ],
    [
      'text behind the braces',
      { 'a{b:c}d': ['count>5'] },
      'unable to validate threshold expressions; reason: parsing metric name failed, metric "a{b:c}d" lacks a closing curly brace in its last position',
    ],
    [
      'a tag without a value',
      { 'tre{b}': ['avg>5'] },
      'unable to validate threshold expressions; reason: parsing metric name failed, metric "b" tag expression is malformed',
    ],
  ] as const) {
    it(`refuses ${title}`, () => {
      assert.throws(() => checkThresholds(defined(option as unknown as Record<string, string[]>), registry), {
        code: 'OPTIONS_INVALID',
        exitCode: 104,
        message,
      })
    })
  }

  it('takes what is right', () => {
    checkThresholds(defined({ iterations: ['count>=.5', ' rate  != -1e3 '], 'tre{a:b:c}': ['p(99.9)===0'] }), registry)
  })
})

describe('Thresholds', () => {
  const samples = [
    ['cnt', 3],
    ['cnt', 2, { kind: 'x' }],
    ['gau', 5],
    ['gau', 2],
    ['rat', 1],
    ['rat', 1],
    ['rat', 0],
    ...Array.from({ length: 10 }, (_, i) => ['tre', i + 1, { half: i >= 5 ? 'high' : 'low' }] as const),
  ] as const

  for (const [name, holding, failing] of [
    [
      'cnt',
      ['count==5', 'count>=5', 'count===5', 'rate>0', 'count>4', 'count <= 5', 'rate<=2.5'],
      ['count!=5', 'count<5e0'],
    ],
    ['gau', ['value==2', 'value<3'], ['value!=2']],
    ['rat', ['rate>0.6', 'rate<=0.67'], ['rate==1']],
    ['tre', ['avg==5.5', 'min==1', 'max==10', 'med==5.5', 'p(0)==1', 'p(100)==10', 'p(95)>9'], ['p(90)<5']],
    ['tre{half:high}', ['min>5'], ['max<8']],
    ['cnt{kind:none}', ['count==0', 'count<1', 'rate==0'], ['count>0']],
    ['gau{kind:none}', ['value==0'], ['value>0']],
    ['tre{half:none}', ['p(95)<5'], ['min>0']],
    ['rat{a:b}', ['rate<0.1', 'rate>0.9'], []],
  ] as [string, string[], string[]][]) {
    it(`are right about ${name}`, () => {
      const store = newStore()
      const thresholds = Thresholds.of(defined({ [name]: [...holding, ...failing] }), store)
      feed(store, samples)
      thresholds.evaluate(2000, true)
      const failed = thresholds.of(name).filter(({ hasFailed }) => hasFailed)
      assert.deepEqual(
        failed.map(({ threshold }) => threshold),
        failing,
      )
    })
  }

  it('name the breached metrics sorted', () => {
    const store = newStore()
    const thresholds = Thresholds.of(
      defined({ tre: ['max<1'], gau: ['value>0'], 'cnt{kind:x}': ['count<1'], cnt: ['count<1'] }),
      store,
    )
    feed(store, samples)
    const { breached } = thresholds.evaluate(1000, true)
    assert.deepEqual(breached, ['cnt', 'cnt{kind:x}', 'tre'])
    assert.equal(crossedThresholds(breached).message, "thresholds on metrics 'cnt, cnt{kind:x}, tre' have been crossed")
    assert.equal(
      abortedByThresholds(['a', 'b']).message,
      "thresholds on metrics 'a, b' were crossed; at least one has abortOnFail enabled, stopping test prematurely",
    )
    assert.equal(crossedThresholds(breached).exitCode, 99)
  })

  it('hold for a sub-metric whatever the order of its tags in each key', () => {
    const store = newStore()
    const thresholds = Thresholds.of(defined({ 'tre{a:1,b:2}': ['max<1'], 'tre{b:2, a:1}': ['min<1'] }), store)
    feed(store, [['tre', 5, { a: '1', b: '2' }]])
    assert.deepEqual(thresholds.evaluate(1000, true).breached, ['tre{a:1,b:2}'])
    assert.deepEqual(
      thresholds.of('tre{a:1,b:2}').map(({ threshold, hasFailed }) => [threshold, hasFailed]),
      [
        ['max<1', true],
        ['min<1', true],
      ],
    )
  })

  it('leave metrics without samples alone until the end', () => {
    const thresholds = Thresholds.of(defined({ cnt: [{ threshold: 'count>0', abortOnFail: true }] }), newStore())
    assert.deepEqual(thresholds.evaluate(10, false), { breached: [], mustAbort: false })
    assert.deepEqual(thresholds.evaluate(10, true), { breached: ['cnt'], mustAbort: true })
  })

  it('abort only where asked for, and not before the delay is over', () => {
    const store = newStore()
    const thresholds = Thresholds.of(
      defined({
        cnt: [{ threshold: 'count<1', abortOnFail: true, delayAbortEvalMs: 1000 }],
        gau: ['value<1'],
      }),
      store,
    )
    feed(store, samples)
    assert.deepEqual(thresholds.evaluate(1000, false), { breached: ['cnt', 'gau'], mustAbort: false })
    assert.equal(thresholds.evaluate(1001, false).mustAbort, true)
  })

  it('are forgiven for failing while the test ran', () => {
    const store = newStore()
    const thresholds = Thresholds.of(defined({ gau: ['value>3'] }), store)
    feed(store, [['gau', 1]])
    assert.deepEqual(thresholds.evaluate(1, false).breached, ['gau'])
    feed(store, [['gau', 4]])
    assert.deepEqual(thresholds.evaluate(2, true).breached, [])
  })

  it('still make sub-metrics when they are switched off, and only warn about wrong names', () => {
    const store = newStore()
    const warnings = trackSubMetrics(defined({ 'cnt{kind:x}': ['what'], nope: ['count>1'] }), store)
    assert.deepEqual(warnings, [
      {
        message: "Invalid metric 'nope' in threshold definitions",
        error: "metric 'nope' does not exist in the script",
      },
    ])
    feed(store, samples)
    assert.notEqual(store.get('cnt{kind:x}'), undefined)
    assert.equal(Thresholds.none().evaluate(1, true).breached.length, 0)
  })
})

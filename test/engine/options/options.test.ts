import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfigFile, parseEnvironment, parseOptions } from '../../../engine/options/options.js'
import { formatSegment, formatSegmentSequence } from '../../../engine/plan/segment.js'
import { packageRoot } from '../../../package-root.js'

const fromScript = (json: unknown) => parseOptions(json, 'script').options

const pem = (name: string) => readFileSync(join(packageRoot, 'test/tls', name), 'utf8')

describe('parseOptions', () => {
  it('reads numbers, durations, lists and maps', () => {
    const options = fromScript({
      vus: 5,
      duration: '1m30s',
      setupTimeout: 500,
      stages: [{ duration: '10s', target: 3 }],
      tags: { a: 'b' },
      summaryTrendStats: ['avg'],
      noSetup: true,
    })
    assert.equal(options.vus, 5)
    assert.equal(options.durationMs, 90_000)
    assert.equal(options.setupTimeoutMs, 500)
    assert.deepEqual(options.stages, [{ durationMs: 10_000, target: 3 }])
    assert.deepEqual(options.tags, new Map([['a', 'b']]))
    assert.deepEqual(options.summaryTrendStats, ['avg'])
    assert.equal(options.noSetup, true)
  })

  it('takes client certificates, and refuses those that cannot be used', () => {
    const [cert, key] = [pem('client.pem'), pem('client.key')]
    const locked = { cert, key: pem('client.enc.key'), password: 'sesame', domains: ['a.test'] }
    assert.deepEqual(fromScript({ tlsAuth: [{ cert, key }, locked] }).tlsAuth, [{ cert, key }, locked])
    for (const [auth, message] of [
      [{ cert: 'x', key }, 'tls: failed to find any PEM data in certificate input'],
      [{ cert, key: 'x' }, 'tls: failed to find any PEM data in key input'],
      [{ cert, key: pem('server.key') }, 'tls: private key type does not match public key type'],
      [{ ...locked, password: 'barley' }, 'x509: decryption password incorrect'],
    ] as const) {
      assert.throws(() => fromScript({ tlsAuth: [auth] }), { message })
    }
  })

  it('takes integers in strings, and null as not set', () => {
    assert.equal(fromScript({ vus: '7' }).vus, 7)
    assert.equal(fromScript({ vus: null, duration: null, stages: null, scenarios: null }).vus, undefined)
    assert.equal(fromScript(null).vus, undefined)
  })

  it('finds keys that differ in case only', () => assert.equal(fromScript({ VUS: 3 }).vus, 3))

  it('warns of the first unknown key of a script by name and goes on', () => {
    const { options, warnings } = parseOptions({ zeta: 1, vusers: 5, iterations: 1 }, 'script')
    assert.equal(options.iterations, 1)
    assert.deepEqual(warnings, [
      {
        message: 'There were unknown fields in the options exported in the script',
        error: 'json: unknown field "vusers"',
      },
    ])
  })

  it('lets no script open a file, an output or a local address by its options', () => {
    for (const key of ['consoleOutput', 'out', 'localIPs', 'linger', 'webDashboard', 'logOutput', 'summaryExport']) {
      const { options, warnings } = parseOptions({ [key]: key === 'out' ? ['json=/x'] : '/x' }, 'script')
      assert.deepEqual(
        Object.entries(options).filter(([, value]) => value !== undefined),
        [],
        key,
      )
      assert.equal(warnings.length, 1, key)
    }
  })

  it('takes what only the command can set from files and not from scripts', () => {
    assert.equal(parseOptions({ linger: true }, 'script').warnings.length, 1)
    const { options, warnings } = parseOptions({ linger: true, out: ['json=x'], collectors: {}, nonsense: 1 }, 'file')
    assert.equal(options.linger, true)
    assert.deepEqual(options.out, ['json=x'])
    assert.deepEqual(warnings, [])
  })

  it('keeps hostile keys as data', () => {
    const json: unknown = JSON.parse('{"tags":{"__proto__":"x","constructor":"y"},"__proto__":{"vus":9}}')
    const { options, warnings } = parseOptions(json, 'script')
    assert.deepEqual(
      options.tags,
      new Map([
        ['__proto__', 'x'],
        ['constructor', 'y'],
      ]),
    )
    assert.equal(options.vus, undefined)
    assert.equal(warnings[0]?.error, 'json: unknown field "__proto__"')
    assert.equal(({} as Record<string, unknown>).vus, undefined)
  })

  it('refuses options nested so deep that copying them would overflow the stack', () => {
    const json: unknown = JSON.parse(`{"cloud":${'['.repeat(200_000)}${']'.repeat(200_000)}}`)
    assert.throws(() => fromScript(json), { code: 'OPTIONS_INVALID', message: 'exceeded max depth' })
  })

  const wrong: [string, unknown, string][] = [
    ['a word for a number', { vus: 'many' }, 'strconv.ParseInt: parsing "many": invalid syntax'],
    ['a bad duration', { duration: 'a while' }, 'time: invalid duration "a while"'],
    ['a boolean for a duration', { duration: true }, "'true' is not a valid duration value"],
    ['a boolean for a number', { vus: true }, 'json: cannot unmarshal bool into Go value of type null.Int'],
    ['a list for a number', { vus: [1] }, 'json: cannot unmarshal  into Go value of type null.Int'],
    ['a number for a boolean', { noSetup: 1 }, 'json: cannot unmarshal float64 into Go value of type null.Bool'],
    ['a number for a text', { userAgent: 1 }, 'json: cannot unmarshal float64 into Go value of type null.String'],
    [
      'a fraction for a whole number',
      { vus: 1.5 },
      'parsing options from script got error while parsing "\\"vus\\": 1.5": ' +
        'json: cannot unmarshal number 1.5 into Go struct field Options.vus of type int64',
    ],
    [
      'an expression for a list of thresholds',
      { thresholds: { cnt: 'count>1' } },
      'parsing options from script got error while parsing "\\"thresholds\\": {": ' +
        'json: cannot unmarshal string into Go struct field Options.thresholds of type []metrics.thresholdConfig',
    ],
    [
      'a scenario without an executor',
      { scenarios: { s: { vus: 1 } } },
      "scenario 's' doesn't have a specified executor type",
    ],
    ['an unknown executor', { scenarios: { s: { executor: 'sometimes' } } }, "unknown executor type 'sometimes'"],
    [
      'the executor that k6 removed',
      { scenarios: { s: { executor: 'externally-controlled' } } },
      "unknown executor type 'externally-controlled'",
    ],
    [
      'an unknown key in a scenario',
      { scenarios: { s: { executor: 'per-vu-iterations', itertions: 3 } } },
      'json: unknown field "itertions"',
    ],
    [
      'a key of another executor',
      { scenarios: { s: { executor: 'constant-vus', iterations: 3 } } },
      'json: unknown field "iterations"',
    ],
    [
      'an unknown key in a stage of a scenario',
      { scenarios: { s: { executor: 'ramping-vus', stages: [{ duration: '1s', targt: 1 }] } } },
      'json: unknown field "targt"',
    ],
    ['an unknown TLS version', { tlsVersion: 'tls9' }, "unknown TLS version 'tls9'"],
    ['an unknown cipher suite', { tlsCipherSuites: ['nope'] }, "unknown cipher suite 'nope'"],
    [
      'a bad network',
      { blacklistIPs: ['10.0.0.0'] },
      "failed to parse CIDR '10.0.0.0': invalid CIDR address: 10.0.0.0",
    ],
    ['a bad host name pattern', { blockHostnames: ['a.*.b'] }, "invalid hostname pattern 'a.*.b'"],
    ['a bad host pattern', { hosts: { 'a b': '127.0.0.1' } }, "invalid host pattern 'a b'"],
    ['an unknown way to choose an address', { dns: { select: 'best' } }, 'best does not belong to DNSSelect values'],
    ['a bad segment', { executionSegment: '1:0' }, 'segment start(1.00) must be less than its end(0.00)'],
  ]
  for (const [title, json, message] of wrong) {
    it(`refuses ${title}`, () => {
      assert.throws(() => fromScript(json), { code: 'OPTIONS_INVALID', exitCode: 104, message })
    })
  }

  it('masks networks and lowers host patterns', () => {
    const options = fromScript({
      blacklistIPs: ['10.1.2.3/8', '2001:db8:1::/32'],
      hosts: { 'Test.Host:80': '127.0.0.1:99', '*.x': '::1' },
    })
    assert.deepEqual(options.blacklistIPs, ['10.0.0.0/8', '2001:db8::/32'])
    assert.deepEqual(
      options.hosts,
      new Map([
        ['*.x', '::1'],
        ['test.host:80', '127.0.0.1:99'],
      ]),
    )
  })

  it('reads thresholds as texts and as objects', () => {
    const { thresholds } = fromScript({
      thresholds: { a: ['max<1', { threshold: 'min>0', abortOnFail: true, delayAbortEval: '10s' }] },
    })
    assert.deepEqual(thresholds?.get('a'), [
      { threshold: 'max<1', abortOnFail: false },
      { threshold: 'min>0', abortOnFail: true, delayAbortEvalMs: 10_000 },
    ])
  })

  it('sorts system tags and overlooks unknown ones', () => {
    assert.deepEqual(fromScript({ systemTags: ['vu', 'nope', 'check'] }).systemTags, ['check', 'vu'])
    assert.deepEqual(fromScript({ systemTags: [] }).systemTags, [])
  })
})

describe('parseConfigFile', () => {
  it('names the file and the reason when it cannot be read', () => {
    const start =
      'failed to load the configuration file from the local file system: couldn\'t parse the configuration from "c.json": '
    assert.throws(
      () => parseConfigFile('{', 'c.json'),
      (e: Error) => e.message.startsWith(start),
    )
    assert.throws(() => parseConfigFile('{"vus":"x"}', 'c.json'), {
      message: `${start}strconv.ParseInt: parsing "x": invalid syntax`,
    })
  })
})

describe('parseEnvironment', () => {
  it('reads the K6_ variables that are options', () => {
    const options = parseEnvironment({
      K6_VUS: '2',
      K6_DURATION: '1d',
      K6_STAGES: '10s:5,1m:10',
      K6_TAGS: 'a:b,c:d',
      K6_SYSTEM_TAGS: 'vu, check',
      K6_SUMMARY_TREND_STATS: 'avg,p(99)',
      K6_NO_SETUP: 'true',
      K6_DNS: 'ttl=1m,select=first',
      K6_OUT: 'json=a,csv=b',
      K6_ITERATIONS: '',
      K6_EXECUTION_SEGMENT: '1/4',
      K6_EXECUTION_SEGMENT_SEQUENCE: '0,25%,1',
      K6_FEATURES: 'freeze-env,x',
      K6_PAUSED: 'true',
      OTHER: 'x',
    })
    assert.equal(options.vus, 2)
    assert.equal(options.durationMs, 86_400_000)
    assert.deepEqual(options.stages, [
      { durationMs: 10_000, target: 5 },
      { durationMs: 60_000, target: 10 },
    ])
    assert.deepEqual(
      options.tags,
      new Map([
        ['a', 'b'],
        ['c', 'd'],
      ]),
    )
    assert.deepEqual(options.systemTags, ['check', 'vu'])
    assert.deepEqual(options.summaryTrendStats, ['avg', 'p(99)'])
    assert.equal(options.noSetup, true)
    assert.deepEqual(options.dns, { ttl: '1m', select: 'first' })
    assert.deepEqual(options.out, ['json=a', 'csv=b'])
    assert.equal(options.iterations, undefined)
    assert.equal(formatSegment(options.executionSegment), '0:1/4')
    assert.equal(formatSegmentSequence(options.executionSegmentSequence!), '0,1/4,1')
    assert.deepEqual(options.features, ['freeze-env', 'x'])
    assert.equal(options.paused, true)
  })

  const wrong: [string, string, string][] = [
    [
      'K6_VUS',
      'x',
      'assigning K6_VUS to VUs: converting \'x\' to type null.Int. details: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      'K6_NO_SETUP',
      'yes',
      "assigning K6_NO_SETUP to NoSetup: converting 'yes' to type null.Bool. details: invalid input:yes",
    ],
    [
      'K6_DURATION',
      'x',
      'assigning K6_DURATION to Duration: converting \'x\' to type types.NullDuration. details: time: invalid duration "x"',
    ],
    [
      'K6_TAGS',
      'a=b',
      'assigning K6_TAGS to RunTags: converting \'a=b\' to type map[string]string. details: invalid map item: "a=b"',
    ],
  ]
  for (const [name, value, message] of wrong) {
    it(`refuses ${name}=${value} in k6's words`, () => {
      assert.throws(() => parseEnvironment({ [name]: value }), {
        code: 'OPTIONS_INVALID',
        message: `envconfig.Process: ${message}`,
      })
    })
  }
})

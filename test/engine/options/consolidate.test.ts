import assert from 'node:assert/strict'
import { consolidateOptions, specifiedOptions, testOptions } from '../../../engine/options/consolidate.js'
import { type Options, parseOptions } from '../../../engine/options/options.js'

const read = (json: unknown): Options => parseOptions(json, 'script').options
const hasDefault = (name: string) => name === 'default'
const ofScript = (json: unknown) => consolidateOptions({ script: read(json) }, hasDefault)
const title = 'There were problems with the specified script configuration:'

describe('consolidateOptions', () => {
  describe('turns shortcuts into the scenario default', () => {
    const shortcuts: [string, unknown, object][] = [
      ['nothing', {}, { executor: 'per-vu-iterations', vus: 1, iterations: 1, maxDurationMs: 600_000 }],
      [
        'iterations',
        { iterations: 3 },
        { executor: 'shared-iterations', vus: 1, iterations: 3, maxDurationMs: 600_000 },
      ],
      [
        'iterations, vus and duration',
        { iterations: 6, vus: 2, duration: '5s' },
        { executor: 'shared-iterations', vus: 2, iterations: 6, maxDurationMs: 5_000 },
      ],
      ['duration', { duration: '1s' }, { executor: 'constant-vus', vus: 1, durationMs: 1_000 }],
      ['vus', { vus: 3 }, { executor: 'shared-iterations', vus: 3, iterations: 3 }],
      [
        'stages',
        { vus: 2, stages: [{ duration: '1s', target: 4 }] },
        {
          executor: 'ramping-vus',
          startVUs: 2,
          stages: [{ durationMs: 1_000, target: 4 }],
          gracefulRampDownMs: 30_000,
        },
      ],
    ]
    for (const [what, json, expected] of shortcuts) {
      it(`from ${what}`, () => {
        const [scenario] = ofScript(json).scenarios
        const common = { name: 'default', exec: 'default', hasExec: false, startTimeMs: 0, gracefulStopMs: 30_000 }
        for (const [key, value] of Object.entries({ ...common, ...expected })) {
          assert.deepEqual(scenario?.[key as keyof typeof scenario], value, key)
        }
      })
    }
  })

  describe('refuses shortcuts that contradict each other, without a list of problems', () => {
    const stages = [{ duration: '1s', target: 1 }]
    const scenarios = { s: { executor: 'per-vu-iterations' } }
    const conflicts: [object, string, string][] = [
      [{ iterations: 1, stages }, 'iterations', 'stages'],
      [{ iterations: 1, scenarios }, 'iterations', 'scenarios'],
      [{ duration: '1s', stages }, 'duration', 'stages'],
      [{ duration: '1s', scenarios }, 'duration', 'scenarios'],
      [{ stages, scenarios }, 'stages', 'scenarios'],
    ]
    for (const [json, a, b] of conflicts) {
      it(`${a} and ${b}`, () => {
        const message = `using \`${a}\` and \`${b}\` options simultaneously is not allowed`
        assert.throws(() => ofScript(json), { code: 'OPTIONS_INVALID', exitCode: 104, message })
      })
    }
    it('a duration of nothing', () => {
      assert.throws(() => ofScript({ duration: 0 }), /`duration` option should be more than 0/)
    })
  })

  it('lets each source win over the weaker ones', () => {
    const { options } = consolidateOptions(
      {
        file: read({ setupTimeout: '1s', teardownTimeout: '1s', handleSummaryTimeout: '1s', rps: 1 }),
        script: read({ setupTimeout: '2s', teardownTimeout: '2s', handleSummaryTimeout: '2s' }),
        env: read({ setupTimeout: '3s', teardownTimeout: '3s' }),
        cli: read({ setupTimeout: '4s' }),
      },
      hasDefault,
    )
    assert.equal(options.setupTimeoutMs, 4_000)
    assert.equal(options.teardownTimeoutMs, 3_000)
    assert.equal(options.handleSummaryTimeoutMs, 2_000)
    assert.equal(options.rps, 1)
  })

  it('drops what weaker sources say about running when a stronger one says anything, but keeps vus', () => {
    const { scenarios, warnings } = consolidateOptions(
      { script: read({ vus: 2, duration: '10s' }), cli: { iterations: 4 } },
      hasDefault,
    )
    assert.equal(scenarios[0]?.executor, 'shared-iterations')
    assert.ok(scenarios[0]?.executor === 'shared-iterations' && scenarios[0].vus === 2)
    assert.deepEqual(warnings, [])
  })

  it('warns when scenarios are dropped', () => {
    const script = read({ scenarios: { s: { executor: 'per-vu-iterations', vus: 2, iterations: 5 } } })
    assert.deepEqual(consolidateOptions({ script, cli: { iterations: 3 } }, hasDefault).warnings, [
      { message: '"cli" level configuration overrode scenarios configuration entirely' },
    ])
    const { warnings, scenarios } = consolidateOptions({ script, cli: { vus: 4 } }, hasDefault)
    assert.deepEqual(warnings, [{ message: '`vus=4` overrides scenarios configuration' }])
    assert.equal(scenarios[0]?.name, 'default')
  })

  it('warns of stages and scenarios that are empty', () => {
    const rest = 'was explicitly set to an empty value, running the script with 1 iteration in 1 VU'
    assert.deepEqual(ofScript({ vus: 3, stages: [] }).warnings, [{ message: `\`stages\` ${rest}` }])
    assert.deepEqual(ofScript({ scenarios: {} }).warnings, [{ message: `\`scenarios\` ${rest}` }])
  })

  it('replaces tags and thresholds as a whole, merges dns by field', () => {
    const { options } = consolidateOptions(
      {
        script: read({ tags: { a: '1' }, thresholds: { x: ['max<1'] }, dns: { ttl: '1m', select: 'first' } }),
        cli: { tags: new Map([['b', '2']]), dns: { select: 'roundRobin' } },
      },
      hasDefault,
    )
    assert.deepEqual(options.tags, new Map([['b', '2']]))
    assert.deepEqual(options.dns, { ttlMs: 60_000, select: 'roundRobin', policy: 'preferIPv4' })
    assert.equal(options.thresholds?.size, 1)
  })

  it('applies the defaults of a run', () => {
    const { options } = ofScript({})
    assert.equal(options.setupTimeoutMs, 60_000)
    assert.equal(options.handleSummaryTimeoutMs, 120_000)
    assert.equal(options.dns.ttlMs, 300_000)
    assert.ok(options.systemTags.includes('scenario') && !options.systemTags.includes('vu'))
    assert.deepEqual(options.summaryTrendStats, ['avg', 'min', 'med', 'max', 'p(90)', 'p(95)'])
  })

  it('collects all problems', () => {
    const json = {
      setupTimeout: '0s',
      scenarios: {
        a: { executor: 'constant-vus', vus: 0, exec: 'nope' },
        'has space': { executor: 'per-vu-iterations', startTime: -1 },
      },
    }
    const message = [
      title,
      '\t- scenario a has configuration errors: the number of VUs must be more than 0, the duration is unspecified',
      '\t- scenario has space has configuration errors: the scenario name should contain only numbers, latin letters,' +
        " underscores, and dashes, the startTime can't be negative",
      '\t- setupTimeout must be positive',
      "\t- executor a: function 'nope' not found in exports",
    ].join('\n')
    assert.throws(() => ofScript(json), { code: 'OPTIONS_INVALID', exitCode: 104, message })
  })

  it('refuses a script without the function that is needed', () => {
    assert.throws(() => consolidateOptions({}, () => false), {
      message: `${title}\n\t- executor default: function 'default' not found in exports`,
    })
  })

  const scenarioProblems: [string, object, string][] = [
    [
      'shared-iterations',
      { vus: 5, iterations: 2 },
      "the number of iterations (2) can't be less than the number of VUs (5)",
    ],
    ['per-vu-iterations', { iterations: 0 }, 'the number of iterations must be more than 0'],
    ['per-vu-iterations', { maxDuration: '500ms' }, 'the maxDuration must be at least 1s, but is 500ms'],
    ['per-vu-iterations', { exec: '' }, 'exec value cannot be empty'],
    ['per-vu-iterations', { gracefulStop: '-1s' }, "the gracefulStop timeout can't be negative"],
    ['constant-vus', { duration: '500ms' }, 'the duration must be at least 1s, but is 500ms'],
    ['ramping-vus', {}, 'at least one stage has to be specified'],
    [
      'ramping-vus',
      { startVUs: -1, stages: [{}] },
      "the number of start VUs can't be negative, either startVUs or one of the stages' target values must be greater" +
        " than 0, stage 1 doesn't have a duration, stage 1 doesn't have a target",
    ],
    [
      'ramping-vus',
      { stages: [{ duration: -1, target: -1 }] },
      "the duration for stage 1 can't be negative, the target for stage 1 can't be negative",
    ],
    [
      'ramping-vus',
      { stages: [{ duration: '1s', target: 100000001 }] },
      'target for stage 1 exceeds max limit of 100000000',
    ],
    [
      'constant-arrival-rate',
      { rate: 1, duration: '1s', preAllocatedVUs: -1 },
      "the number of preAllocatedVUs can't be negative",
    ],
    [
      'ramping-vus',
      { startVUs: 100_000_001, stages: [{ duration: '1s', target: 1 }] },
      'the startVUs exceed max limit of 100000000',
    ],
    [
      'constant-arrival-rate',
      {},
      "the iteration rate isn't specified, the duration is unspecified, the number of preAllocatedVUs isn't specified",
    ],
    [
      'constant-arrival-rate',
      { rate: 0, timeUnit: 0, duration: '1s', preAllocatedVUs: 2, maxVUs: 1 },
      "the iteration rate must be more than 0, the timeUnit must be more than 0, maxVUs can't be less than preAllocatedVUs",
    ],
    [
      'ramping-arrival-rate',
      { startRate: -1, stages: [], preAllocatedVUs: -1 },
      "the startRate value can't be negative, at least one stage has to be specified, the number of preAllocatedVUs" +
        " can't be negative",
    ],
  ]
  for (const [executor, fields, problem] of scenarioProblems) {
    it(`refuses ${executor} with ${JSON.stringify(fields)}`, () => {
      assert.throws(() => ofScript({ scenarios: { s: { executor, ...fields } } }), {
        message: `${title}\n\t- scenario s has configuration errors: ${problem}`,
      })
    })
  }

  it('bounds the steps that a hostile list of stages can ask for', () => {
    const stages = Array.from({ length: 100 }, (_, index) => ({ duration: '1s', target: index % 2 ? 0 : 90_000_000 }))
    assert.throws(
      () => ofScript({ stages }),
      /the stages change the number of VUs \d+ times, more than the 1000000 supported/,
    )
  })

  it('refuses a segment that its sequence does not have', () => {
    assert.throws(() => ofScript({ executionSegment: '0:1/4', executionSegmentSequence: '0,1/2,1' }), {
      message: `${title}\n\t- provided segment 0:1/4 can't be found in sequence 0,1/2,1`,
    })
  })

  it('ends with the general exit code for bad trend statistics, a bad unit of time and a bad DNS TTL, as k6 does', () => {
    assert.throws(() => ofScript({ summaryTrendStats: ['p(101)'] }), {
      exitCode: 255,
      message: "invalid percentile trend stat value 'p(101)', provide a number between 0 and 100",
    })
    assert.throws(() => ofScript({ summaryTrendStats: ['mode'] }), {
      exitCode: 255,
      message: "invalid trend stat 'mode', unknown format",
    })
    assert.throws(() => ofScript({ summaryTimeUnit: 'h' }), {
      exitCode: 255,
      message: "invalid summary time unit 'h', use 's', 'ms' or 'us'",
    })
    assert.throws(() => ofScript({ dns: { ttl: 'soon' } }), { exitCode: 255, message: 'invalid DNS TTL: soon' })
  })

  it('refuses a scenario without a name', () => {
    assert.throws(() => ofScript({ scenarios: { '': { executor: 'per-vu-iterations' } } }), {
      message:
        /scenario {2}has configuration errors: scenario name can't be empty, the scenario name should contain only/,
    })
  })

  it('warns of client certificates that are for some domains only', () => {
    const { warnings } = consolidateOptions(
      { script: { tlsAuth: [{ cert: 'c', key: 'k', domains: ['x'] }] } },
      hasDefault,
    )
    assert.match(warnings[0]!.message, /^tlsAuth\.domains may be removed/)
  })

  it('sorts scenarios by start time, then name', () => {
    const executor = 'per-vu-iterations'
    const { scenarios } = ofScript({
      scenarios: { c: { executor }, b: { executor }, a: { executor, startTime: '1s' } },
    })
    assert.deepEqual(
      scenarios.map(({ name }) => name),
      ['b', 'c', 'a'],
    )
  })
})

describe('testOptions', () => {
  it('shows every key, null where nothing was said, and no shortcuts', () => {
    const shown = testOptions(ofScript({ iterations: 1, tags: { a: 'b' }, thresholds: { x: ['count>0'] } }).specified)
    assert.equal(
      JSON.stringify(shown),
      '{"paused":null,"scenarios":{"default":{"executor":"shared-iterations","startTime":null,"gracefulStop":null,' +
        '"env":null,"exec":null,"tags":null,"vus":null,"iterations":1,"maxDuration":null}},"executionSegment":null,' +
        '"executionSegmentSequence":null,"noSetup":null,"setupTimeout":null,"noTeardown":null,"teardownTimeout":null,' +
        '"handleSummaryTimeout":null,"rps":null,"dns":{"ttl":null,"select":null,"policy":null},"maxRedirects":null,' +
        '"userAgent":null,"batch":null,"batchPerHost":null,"httpDebug":null,"insecureSkipTLSVerify":null,' +
        '"tlsCipherSuites":null,"tlsVersion":null,"tlsAuth":null,"throw":null,"thresholds":{"x":["count>0"]},' +
        '"blacklistIPs":null,"blockHostnames":null,"hosts":null,"noConnectionReuse":null,"noVUConnectionReuse":null,' +
        '"minIterationDuration":null,"ext":null,"summaryTrendStats":["avg","min","med","max","p(90)","p(95)"],' +
        '"summaryTimeUnit":null,"systemTags":["check","error","error_code","expected_response","group","method","name",' +
        '"proto","scenario","service","status","subproto","tls_version","url"],"tags":{"a":"b"},' +
        '"metricSamplesBufferSize":null,"noCookiesReset":null,"discardResponseBodies":null,"features":null,' +
        '"consoleOutput":null,"localIPs":null}',
    )
  })

  it('prints durations as Go does', () => {
    const { specified } = ofScript({
      setupTimeout: 90_000,
      scenarios: {
        s: { executor: 'ramping-arrival-rate', stages: [{ duration: 1000, target: 2 }], preAllocatedVUs: 1 },
      },
    })
    const text = JSON.stringify(testOptions(specified))
    assert.match(text, /"setupTimeout":"1m30s"/)
    assert.match(
      text,
      /"startRate":null,"timeUnit":null,"stages":\[\{"duration":"1s","target":2\}\],"preAllocatedVUs":1,"maxVUs":null/,
    )
  })
})

describe('specifiedOptions', () => {
  it('has only what is set, shortcuts included', () => {
    const shown = specifiedOptions(ofScript({ vus: 2, duration: '10s', noSetup: false }).specified)
    assert.deepEqual(Object.keys(shown), ['vus', 'duration', 'scenarios', 'noSetup', 'summaryTrendStats', 'systemTags'])
    assert.equal(shown.duration, '10s')
  })
})

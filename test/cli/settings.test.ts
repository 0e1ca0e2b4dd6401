import assert from 'node:assert/strict'
import { parseRunFlags } from '../../cli/flags.js'
import { environmentFlags, runSettings } from '../../cli/settings.js'

const settingsOf = (argv: string[], env = {}) => runSettings(parseRunFlags([...argv, 's.js']), env)

describe('runSettings', () => {
  it('has the defaults of k6', () => {
    const { scriptEnv, ...rest } = settingsOf([], { HOME: '/h' })
    assert.deepEqual(rest, {
      address: undefined,
      compatibilityMode: 'extended',
      noThresholds: false,
      summaryMode: 'compact',
      summaryExport: undefined,
      hasMachineSummary: false,
      configPath: '/h/.config/k6/config.json',
      hasConfigPath: false,
      secretSources: [],
      logOutput: 'stderr',
      logFormat: '',
      noColor: false,
      isQuiet: false,
      isVerbose: false,
      threads: undefined,
      updatesLock: false,
    })
    assert.deepEqual(scriptEnv, new Map([['HOME', '/h']]))
  })

  it('lets flags win over the environment', () => {
    const env = {
      K6_SUMMARY_MODE: 'full',
      K6_LOG_FORMAT: 'json',
      K6_NO_THRESHOLDS: 'true',
      K6_NEW_MACHINE_READABLE_SUMMARY: '1',
      NO_COLOR: '',
    }
    const settings = settingsOf(['--summary-mode', 'disabled', '--no-thresholds=false'], env)
    assert.equal(settings.summaryMode, 'disabled')
    assert.equal(settings.logFormat, 'json')
    assert.equal(settings.noThresholds, false)
    assert.equal(settings.hasMachineSummary, true)
    assert.equal(settingsOf(['--new-machine-readable-summary=false'], env).hasMachineSummary, false)
    assert.equal(settings.noColor, true)
  })

  it('gives the script the environment, then what -e says', () => {
    const env = { A: 'system', B: 'system' }
    assert.deepEqual(
      settingsOf(['-e', 'B=flag', '-e', 'EMPTY=', '-e', 'EQ=a=b=c', '-e', 'BARE'], env).scriptEnv,
      new Map([
        ['A', 'system'],
        ['B', 'flag'],
        ['EMPTY', ''],
        ['EQ', 'a=b=c'],
        ['BARE', ''],
      ]),
    )
    assert.deepEqual(settingsOf(['--include-system-env-vars=false', '-e', 'C=x'], env).scriptEnv, new Map([['C', 'x']]))
  })

  it('gives the script of the environment what the policy lists, and all that -e says', () => {
    const flags = parseRunFlags(['-e', 'GIVEN=1', 's.js'])
    const env = { HOME: '/h', STAGE_A: 'a', STAGE_B: 'b' }
    const namesFor = (allowed: 'all' | string[]) => [...runSettings(flags, env, { env: allowed }).scriptEnv.keys()]
    assert.deepEqual(namesFor('all'), ['HOME', 'STAGE_A', 'STAGE_B', 'GIVEN'])
    assert.deepEqual(namesFor(['STAGE_*']), ['STAGE_A', 'STAGE_B', 'GIVEN'])
    assert.deepEqual(namesFor([]), ['GIVEN'])
  })

  it('takes secret sources from flags, or one from the environment', () => {
    const env = { K6_SECRET_SOURCE: 'mock=a=b,c=d' }
    assert.deepEqual(settingsOf([], env).secretSources, ['mock=a=b,c=d'])
    const flags = ['--secret-source=mock=x=y,z=1', '--secret-source', 'file=s']
    assert.deepEqual(settingsOf(flags, env).secretSources, ['mock=x=y,z=1', 'file=s'])
    assert.deepEqual(settingsOf([], {}).secretSources, [])
  })

  const wrong: [string[], object, string][] = [
    [['-e', '1A=x'], {}, "invalid environment variable name '1A'"],
    [['--summary-mode', 'legacy'], {}, 'invalid summary mode'],
    [
      ['--compatibility-mode', 'x'],
      {},
      'invalid compatibility mode "x". Use: "extended", "base", "experimental_enhanced"',
    ],
    [
      [],
      { K6_NO_THRESHOLDS: 'maybe' },
      `env var 'K6_NO_THRESHOLDS' is not a valid boolean value: strconv.ParseBool: parsing "maybe": invalid syntax`,
    ],
  ]
  for (const [argv, env, message] of wrong) {
    it(`refuses ${[...argv, ...Object.keys(env)].join(' ')}`, () => {
      assert.throws(() => settingsOf(argv, env), { code: 'USAGE', message })
    })
  }
})

describe('environmentFlags', () => {
  for (const env of [{ K6_PROFILING_ENABLED: 'true' }, { K6_TRACES_OUTPUT: 'otel' }]) {
    it(`says that ${Object.keys(env)[0]} is not supported`, () => {
      assert.throws(() => environmentFlags(env), { code: 'NOT_SUPPORTED' })
    })
  }
})

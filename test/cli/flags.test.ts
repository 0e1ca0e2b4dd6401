import assert from 'node:assert/strict'
import { findCommand, flagOptions, parseRunFlags, runHelp } from '../../cli/flags.js'

const optionsOf = (...argv: string[]) => flagOptions(parseRunFlags([...argv, 's.js']))

describe('parseRunFlags', () => {
  const spellings: [string[], object][] = [
    [['--vus', '5'], { vus: 5 }],
    [['--vus=5'], { vus: 5 }],
    [['-u', '5'], { vus: 5 }],
    [['-u5'], { vus: 5 }],
    [['-u=5'], { vus: 5 }],
    [['-qvu5'], { quiet: true, verbose: true, vus: 5 }],
    [['--no-setup=false'], { 'no-setup': false }],
    [['--http-debug'], { 'http-debug': 'headers' }],
    [['--http-debug=full'], { 'http-debug': 'full' }],
    [['-e', 'A=1', '--env=B=2'], { env: ['A=1', 'B=2'] }],
    [['-s', '1s:1,2s:2', '-s', '3s:3'], { stage: ['1s:1', '2s:2', '3s:3'] }],
    [['--summary-trend-stats', '"a,b",c'], { 'summary-trend-stats': ['a,b', 'c'] }],
    [['--tag', 'a=1,2'], { tag: ['a=1,2'] }],
    [['-d', '1m30s'], { duration: 90_000 }],
    [['--vus', '1', '--vus', '2'], { vus: 2 }],
  ]
  for (const [argv, values] of spellings) {
    it(`takes ${argv.join(' ')}`, () => assert.deepEqual(parseRunFlags([...argv, 's.js']).values, values))
  }

  it('takes flags after the script, - as the script, and what follows -- as no flags', () => {
    assert.deepEqual(parseRunFlags(['s.js', '-u', '2']), { isHelp: false, script: 's.js', values: { vus: 2 } })
    assert.equal(parseRunFlags(['-']).script, '-')
    assert.equal(parseRunFlags(['--', '-u']).script, '-u')
  })

  const wrong: [string[], string][] = [
    [['--no-such-flag', 's.js'], 'unknown flag: --no-such-flag'],
    [['--constructor', 's.js'], 'unknown flag: --constructor'],
    [['-qx', 's.js'], "unknown shorthand flag: 'x' in -x"],
    [['--=1', 's.js'], 'bad flag syntax: --=1'],
    [['s.js', '--vus'], 'flag needs an argument: --vus'],
    [['s.js', '-u'], "flag needs an argument: 'u' in -u"],
    [['-u', 'x', 's.js'], 'invalid argument "x" for "-u, --vus" flag: strconv.ParseInt: parsing "x": invalid syntax'],
    [['--batch=', 's.js'], 'invalid argument "" for "--batch" flag: strconv.ParseInt: parsing "": invalid syntax'],
    [['-d', '10', 's.js'], 'invalid argument "10" for "-d, --duration" flag: time: missing unit in duration "10"'],
    [['-d', '1d', 's.js'], 'invalid argument "1d" for "-d, --duration" flag: time: unknown unit "d" in duration "1d"'],
    [
      ['--no-setup=no', 's.js'],
      'invalid argument "no" for "--no-setup" flag: strconv.ParseBool: parsing "no": invalid syntax',
    ],
    [
      [],
      'accepts 1 arg(s), received 0: arg should either be "-", if reading script from stdin, or a path to a script file',
    ],
    [
      ['a.js', 'b.js'],
      'accepts 1 arg(s), received 2: arg should either be "-", if reading script from stdin, or a path to a script file',
    ],
    [['--threads', '0', 's.js'], 'invalid argument "0" for "--threads" flag: at least 1 thread is needed'],
    [
      ['--grpc-transport', 'http3', 's.js'],
      'invalid argument "http3" for "--grpc-transport" flag: it is direct or grpc-js',
    ],
  ]
  for (const [argv, message] of wrong) {
    it(`refuses ${argv.join(' ') || 'nothing'}`, () => {
      assert.throws(() => parseRunFlags(argv), { code: 'USAGE', exitCode: 255, message })
    })
  }

  for (const argv of [['--traces-output=otel'], ['--profiling-enabled'], ['-t', 'archive']]) {
    it(`says that ${argv.join(' ')} is not supported`, () => {
      assert.throws(() => parseRunFlags([...argv, 's.js']), {
        code: 'NOT_SUPPORTED',
        message: /not supported.*; .*leave/,
      })
    })
  }

  it('takes flags that ask for nothing unsupported', () => {
    parseRunFlags(['--paused=false', '--traces-output=none', '--address=', '-t', 'js', '--no-usage-report', 's.js'])
  })

  it('stops at a call for help', () => assert.equal(parseRunFlags(['-u', '3', '-h']).isHelp, true))
})

describe('findCommand', () => {
  it('looks past global flags and their values', () => {
    assert.deepEqual(findCommand(['-v', '-c', 'run', '--log-format', 'json', 'run', 's.js']), {
      command: 'run',
      args: ['-v', '-c', 'run', '--log-format', 'json', 's.js'],
    })
    assert.deepEqual(findCommand(['--version']), { command: undefined, args: ['--version'] })
  })
})

describe('runHelp', () => {
  it('lists what works and not what is refused', () => {
    const help = runHelp('belljar')
    assert.match(help, /-u, --vus n/)
    assert.match(help, /--http-debug\[=full\]/)
    assert.doesNotMatch(help, /--profiling-enabled|--traces-output/)
  })
})

describe('flagOptions', () => {
  it('sets only what was given', () => {
    const said = Object.entries(optionsOf('--vus', '3')).filter(([, value]) => value !== undefined)
    assert.deepEqual(said, [['vus', 3]])
  })

  it('reads stages, tags, segments, networks and dns', () => {
    const options = optionsOf(
      '-s',
      '300ms:2',
      '-s',
      '10s:',
      '--tag',
      'x=y',
      '--tag',
      'a=b=c',
      '--execution-segment',
      '1/3',
      '--blacklist-ip',
      '10.1.2.3/8',
      '--dns',
      'policy=any',
      '--system-tags',
      'vu,nope',
      '--block-hostnames',
      '*.a,b',
    )
    assert.deepEqual(options.stages, [
      { durationMs: 300, target: 2 },
      { durationMs: 10_000, target: undefined },
    ])
    assert.deepEqual(
      options.tags,
      new Map([
        ['x', 'y'],
        ['a', 'b=c'],
      ]),
    )
    assert.equal(options.executionSegment?.to.denominator, 3n)
    assert.deepEqual(options.blacklistIPs, ['10.0.0.0/8'])
    assert.deepEqual(options.dns, { policy: 'any' })
    assert.deepEqual(options.systemTags, ['vu'])
    assert.deepEqual(options.blockHostnames, ['*.a', 'b'])
  })

  const wrong: [string[], string][] = [
    [['-s', 'x:1'], 'error for stage 0: time: invalid duration "x"'],
    [['-s', '1s:1,:1'], "stage 1 doesn't have a specified duration"],
    [['--tag', ''], "error parsing tag '': invalid tag, empty string"],
    [['--tag', '=x'], "error parsing tag '=x': invalid tag, empty name"],
    [['--tag', 'x'], "error parsing tag 'x': invalid tag, empty value"],
    [['--blacklist-ip', 'x'], "error parsing blacklist-ip 'x': invalid CIDR address: x"],
    [
      ['--summary-trend-stats', 'avg,p(101)'],
      "invalid percentile trend stat value 'p(101)', provide a number between 0 and 100",
    ],
    [['--summary-time-unit', 'h'], "invalid summary time unit 'h', use 's', 'ms' or 'us'"],
    [['--dns', 'policy=all'], 'all does not belong to DNSPolicy values'],
    [['--dns', 'ttl'], 'no value for key ttl'],
    [['--local-ips', '1.2.3.4-::1'], 'mixed IP range format: 1.2.3.4-::1'],
    [['--execution-segment', '0:0'], 'segment start(0.00) must be less than its end(0.00)'],
  ]
  for (const [argv, message] of wrong) {
    it(`refuses ${argv.join(' ')}`, () => {
      assert.throws(() => optionsOf(...argv), { code: 'USAGE', exitCode: 255, message })
    })
  }
})

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deadPort, serve, stopServers } from '../host/grpc/scripted-server.js'
import { runCommand } from '../support/run-command.js'

describe('belljar run', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return name
  }

  /** The command to its end. `onErr` is told of what it has written to standard error so far. */
  const belljar = (
    args: readonly string[],
    onErr: (err: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
  ) =>
    runCommand(folder, args, {
      onStart: (child) => {
        let err = ''
        child.stderr?.on('data', (chunk) => {
          err += chunk
          onErr(err, (signal) => child.kill(signal))
        })
      },
    })

  const errorLines = (err: string) => err.split('\n').filter((line) => line.includes('level=error'))

  it('says which file is missing', async () => {
    const { code, err, out } = await belljar(['run', '-q', 'nofile.js'])
    assert.equal(code, 255)
    assert.equal(out, '')
    assert.equal(errorLines(err).length, 1)
    assert.match(
      err,
      /The moduleSpecifier \\"nofile\.js\\" couldn't be found on local disk|couldn't be found on local disk/,
    )
    assert.doesNotMatch(err, /node:|at .*\.js:\d+/)
  })

  describe('with secrets', () => {
    before(() => {
      write('secrets.txt', `token=hush "hush"\nother=quiet\nlong=${'l0ng'.repeat(30)}`)
      write(
        'secret.js',
        `import secrets from 'k6/secrets'
        import exec from 'k6/execution'
        import { Trend } from 'k6/metrics'
        const trend = new Trend('trend')
        export const options = { vus: 1, iterations: 2 }
        export default async function () {
          const token = await secrets.get('token')
          console.log('console', token, { token }, JSON.stringify({ token }))
          console.error('x'.repeat(16380) + token)
          const other = await secrets.source('file').get('other')
          if (__ITER === 0) throw new Error(other)
          trend.add(await secrets.get('long'))
          exec.test.abort(token)
        }`,
      )
    })
    const flags = ['-q', '--secret-source=file=secrets.txt']

    for (const format of ['text', 'json', 'raw']) {
      it(`shows none of them in any line of the log, whoever logs it, as ${format}`, async () => {
        const { code, err, out } = await belljar(['run', ...flags, '--log-format', format, 'secret.js'])
        assert.equal(code, 108)
        assert.doesNotMatch(err + out, /hush|quiet|l0ng/)
        assert.ok(err.split('***SECRET_REDACTED***').length >= 8, err)
      })
    }

    it('shows none of them in the file of --console-output', async () => {
      await belljar(['run', ...flags, '--console-output=said.log', 'secret.js'])
      const said = readFileSync(join(folder, 'said.log'), 'utf8')
      assert.match(said, /SECRET_REDACTED/)
      assert.doesNotMatch(said, /hush|quiet/)
    })

    it('shows none of them in an HTML report that says what ended the test', async () => {
      await belljar(['run', ...flags, '--out=html=report.html', 'secret.js'])
      const report = readFileSync(join(folder, 'report.html'), 'utf8')
      assert.match(report, /SECRET_REDACTED/)
      assert.doesNotMatch(report, /hush|quiet|l0ng/)
    })
  })

  it('tells a syntax error in one message with file, line and column', async () => {
    write('syntax.js', 'export default function () {\n  const a = ;\n}\n')
    const { code, err } = await belljar(['run', '-q', 'syntax.js'])
    assert.equal(code, 107)
    assert.equal(errorLines(err).length, 1)
    assert.match(err, /syntax\.js: Line 2:13 Unexpected token ;"\n$/)
  })

  it('refuses a flag that it does not know, in one line', async () => {
    write('ok.js', 'export default function () {}\n')
    const { code, err } = await belljar(['run', '--nope', 'ok.js'])
    assert.equal(code, 255)
    assert.equal(errorLines(err).length, 1)
    assert.match(err, /unknown flag: --nope/)
  })

  it('needs exactly one script', async () => {
    for (const args of [['run'], ['run', 'a.js', 'b.js']]) {
      const { code, err } = await belljar(args)
      assert.equal(code, 255)
      assert.match(err, /accepts 1 arg\(s\), received \d/)
    }
  })

  it('refuses a command that it does not know', async () => {
    const { code, err } = await belljar(['pause'])
    assert.equal(code, 255)
    assert.match(err, /unknown command \\"pause\\"/)
  })

  it('says which method is not there, and which address refused, as exceptions of the iterations', async () => {
    write(
      'hello.proto',
      'syntax = "proto3"; package hello; service Hello { rpc Say(M) returns (M); } message M { string a = 1; }\n',
    )
    write(
      'method.js',
      `import grpc from 'k6/net/grpc'
      const client = new grpc.Client()
      client.load(null, 'hello.proto')
      export const options = { iterations: 2 }
      export default function () {
        client.connect(__ITER === 0 ? __ENV.SERVER : __ENV.DEAD, { plaintext: true, timeout: '2s' })
        client.invoke('hello.Hello/Nope', {})
      }`,
    )
    const server = await serve(() => {})
    const dead = `127.0.0.1:${await deadPort()}`
    const { code, err } = await belljar([
      'run',
      '-q',
      '-e',
      `SERVER=${server.address}`,
      '-e',
      `DEAD=${dead}`,
      'method.js',
    ])
    await stopServers()
    assert.equal(code, 0)
    const [first, second, ...more] = errorLines(err)
    assert.match(first!, /GoError: method \\"\/hello\.Hello\/Nope\\" not found in file descriptors/)
    assert.match(second!, /GoError: .*(connection refused|context deadline exceeded)/)
    assert.deepEqual(more, [])
  })

  it('throws from the constructor of a stream whose server is gone, wherever in the script', async () => {
    write(
      'chat.proto',
      'syntax = "proto3"; package chat; service Chat { rpc Talk(stream M) returns (stream M); } message M {}\n',
    )
    write(
      'gone.js',
      `import grpc from 'k6/net/grpc'
      const client = new grpc.Client()
      client.load(null, 'chat.proto')
      const attempt = (where) => {
        try {
          new grpc.Stream(client, 'chat.Chat/Talk')
        } catch (e) {
          console.log(where, e.name, e.message.replace(__ENV.SERVER, 'SERVER'))
        }
      }
      export default async function () {
        client.connect(__ENV.SERVER, { plaintext: true })
        console.log(client.invoke('chat.Chat/Talk', {}).status)
        attempt('at once:')
        await new Promise((resolve) => setTimeout(resolve, 1))
        attempt('after an await:')
        setTimeout(() => attempt('in a timer:'), 1)
      }`,
    )
    const server = await serve(() => void server.close())
    const { code, err } = await belljar([
      'run',
      '-q',
      '--log-format',
      'raw',
      '-e',
      `SERVER=${server.address}`,
      'gone.js',
    ])
    await stopServers()
    const dial = 'transport: error while dialing: dial tcp SERVER: connect: connection refused'
    const why = `rpc error: code = Unavailable desc = connection error: desc = "${dial}"`
    const thrown = `GoError failed to create a new stream: ${why}`
    const expected = ['14', `at once: ${thrown}`, `after an await: ${thrown}`, `in a timer: ${thrown}`]
    assert.deepEqual([err.trimEnd().split('\n'), code], [expected, 0])
  })

  it('prints description and summary, and only the summary with -q', async () => {
    write('ok.js', 'export default function () {}\n')
    const loud = await belljar(['run', 'ok.js'])
    assert.equal(loud.code, 0)
    assert.match(loud.out, /execution: local\n\s+script: ok\.js\n/)
    assert.match(loud.out, /iterations\.+: 1 /)
    const quiet = await belljar(['run', '-q', 'ok.js'])
    assert.doesNotMatch(quiet.out, /execution: local/)
    assert.match(quiet.out, /iterations\.+: 1 /)
    assert.equal(quiet.err, '')
  })

  it('writes lines of the log as long as the limit allows', async () => {
    write('long.js', "export default function () { console.log('x'.repeat(40000)) }\n")
    const longest = async (limit: string) => {
      const { err } = await belljar(['run', '-q', '--limit', `logLineBytes=${limit}`, 'long.js'])
      return /x+/.exec(err.slice(err.indexOf('msg=')))?.[0].length
    }
    assert.equal(await longest('64kb'), 40000)
    assert.equal(await longest('1kb'), 1024)
  })

  it('logs calls with --http-debug, and nothing of them without', async () => {
    const server = await serve(async (call) => {
      await call.read()
      call.open({ 'x-evil-bin': Buffer.from('\x1b[2J\nfake').toString('base64') })
      call.send(Buffer.from([8, 1]))
      call.finish()
    })
    write(
      'health.js',
      `import grpc from 'k6/net/grpc'
      const client = new grpc.Client()
      export default function () {
        client.connect(__ENV.SERVER, { plaintext: true })
        client.healthCheck()
      }`,
    )
    const run = async (...flags: string[]) => {
      const { err, code } = await belljar(['run', '-q', '-e', `SERVER=${server.address}`, ...flags, 'health.js'])
      assert.equal(code, 0)
      return err.trim().split('\n')
    }
    const headers = await run('--http-debug')
    const full = await run('--http-debug=full', '--log-format=raw')
    const none = await run()
    await stopServers()
    assert.equal(headers.length, 2)
    for (const line of headers)
      assert.match(line, /^time=\S+ level=info msg="(Out|In) Header:\\n.*" source=http-debug$/)
    assert.match(headers[1]!, /x-evil-bin: \\\\x1b\[2J\\\\x0afake/)
    assert.ok(full.includes('x-evil-bin: \\x1b[2J\\x0afake'))
    assert.ok(full.includes('status: SERVING'))
    assert.deepEqual(none, [''])
  })

  it('ends with the exit codes of k6', async () => {
    const scripts: [code: number, source: string][] = [
      [99, "export const options = { thresholds: { iterations: ['count>5'] } }; export default function () {}"],
      [104, "export const options = { vus: 'x' }; export default function () {}"],
      [108, "import exec from 'k6/execution'; export default function () { exec.test.abort('why') }"],
      [110, "import exec from 'k6/execution'; export default function () { exec.test.fail('why') }"],
    ]
    for (const [code, source] of scripts) {
      write('exit.js', source)
      assert.equal((await belljar(['run', '-q', 'exit.js'])).code, code, source)
    }
  })

  it('writes the files of --summary-export and --out json', async () => {
    write('ok.js', "import { check } from 'k6'; export default function () { check(1, { one: 1 }) }\n")
    const { code } = await belljar([
      'run',
      '-q',
      '-i',
      '3',
      '--summary-export',
      'summary.json',
      '--out',
      'json=samples.json',
      'ok.js',
    ])
    assert.equal(code, 0)
    const summary = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'))
    assert.equal(summary.metrics.iterations.count, 3)
    assert.equal(summary.metrics.checks.passes, 3)
    const lines = readFileSync(join(folder, 'samples.json'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const points = lines.filter((line) => line.type === 'Point' && line.metric === 'checks')
    assert.equal(points.length, 3)
    assert.deepEqual(points[0].data.tags, { check: 'one', group: '', scenario: 'default' })
  })

  it('gives handleSummary and the file the machine-readable summary when asked for it', async () => {
    write(
      'machine.js',
      `import { check } from 'k6'
       export default function () { check(1, { one: 1 }) }
       export const handleSummary = ({ version, config, results }) =>
         ({ stdout: [version, config.script, results.checks.results[0].passes, Object.keys(results)].join() })
      `,
    )
    const flags = ['run', '-q', '-i', '2', '--new-machine-readable-summary', '--summary-export', 'machine.json']
    const { code, out } = await belljar([...flags, 'machine.js'])
    assert.equal(code, 0)
    assert.equal(out, '1.0.0,machine.js,2,metrics,checks')
    const { metadata, config } = JSON.parse(readFileSync(join(folder, 'machine.json'), 'utf8'))
    assert.deepEqual([metadata.k6Version, config.execution], ['2.2.0', 'local'])
  })

  it('writes the report of a run that is interrupted', async () => {
    write('long.js', "import { sleep } from 'k6'; export default function () { console.log('on'); sleep(60) }\n")
    let isKilled = false
    const { code } = await belljar(
      ['run', '-q', '-d', '1m', '--out', 'html=long.html', '--out', 'csv=long.csv', 'long.js'],
      (err, kill) => {
        if (isKilled || !err.includes('msg=on')) return
        isKilled = true
        kill('SIGINT')
      },
    )
    assert.equal(code, 105)
    const page = readFileSync(join(folder, 'long.html'), 'utf8')
    assert.match(page, /"verdict":"interrupted","exitCode":105,"reason":"test run was aborted/)
    assert.match(page, /"script":"long.js"/)
    assert.match(readFileSync(join(folder, 'long.csv'), 'utf8'), /^metric_name/)
  })

  it('ends in order at the first SIGINT: teardown runs and the summary is printed', async () => {
    write(
      'signal.js',
      `import { sleep } from 'k6'
      export const options = { vus: 2, duration: '60s' }
      export default function () { console.log('in iteration'); sleep(60) }
      export function teardown() { console.log('in teardown') }`,
    )
    for (const [signal, name] of [
      ['SIGINT', 'interrupt'],
      ['SIGTERM', 'terminated'],
    ] as const) {
      let isSent = false
      const { code, out, err } = await belljar(['run', '-q', 'signal.js'], (text, kill) => {
        if (isSent || !text.includes('in iteration')) return
        isSent = true
        kill(signal)
      })
      assert.equal(code, 105)
      assert.match(err, /in teardown/)
      assert.match(err, new RegExp(`test run was aborted because belljar received a '${name}' signal`))
      assert.match(out, /vus_max|data_received/)
    }
  })

  it('ends at once at the second SIGINT', async () => {
    write(
      'stuck.js',
      `import { sleep } from 'k6'
      export const options = { duration: '60s' }
      export default function () { console.log('in iteration'); sleep(60) }
      export function teardown() { console.log('in teardown'); sleep(50) }`,
    )
    const sent = new Set<string>()
    const { code, err } = await belljar(['run', '-q', 'stuck.js'], (text, kill) => {
      for (const stage of ['in iteration', 'in teardown']) {
        if (sent.has(stage) || !text.includes(stage)) continue
        sent.add(stage)
        kill('SIGINT')
      }
    })
    assert.equal(code, 105)
    assert.match(err, /in response to signal/)
  })

  it('writes no raw control characters that came from a script', async () => {
    write(
      'control.js',
      "export default function () { console.log('a\\x1b[31mb\\x07\\u009bc\\r\\nd'); throw new Error('\\x1b]52;c;x\\x07') }",
    )
    const { out, err } = await belljar(['run', '-q', 'control.js'])
    for (const text of [out, err]) assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/)
  })
})

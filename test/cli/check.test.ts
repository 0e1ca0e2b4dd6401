import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../package-root.js'
import { runCommand } from '../support/run-command.js'

describe('belljar check', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-'))
    copyFileSync(join(packageRoot, 'examples/single-connection/hello.proto'), join(folder, 'hello.proto'))
    mkdirSync(join(folder, 'lib'))
  })
  after(() => rmSync(folder, { recursive: true }))

  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text)
    return name
  }

  const belljar = (...args: string[]) => runCommand(folder, ['check', ...args], { env: { FROM_ENV: 'yes' } })

  it('names mistakes in imported files by their path, and ends with the code of the first', async () => {
    write('lib/calls.js', '\n\nexport const call = (name) => {\n  throw new Error(name)\n}\n')
    const bad = write('bad.js', "import { call } from './lib/calls.js'\nexport default () => call('x')")
    const good = write('good.js', 'export default () => {}')
    const { code, out, err } = await belljar(good, bad, 'missing.js')
    const lines = out.split('\n')
    assert.equal(lines[0], 'good.js: no problems')
    assert.match(lines[1]!, /^lib\/calls\.js:4:\d+: error: Error: x$/)
    assert.equal(lines[2], 'bad.js: 1 error')
    assert.match(lines[3]!, /^missing\.js: error: .*couldn't be found on local disk/)
    assert.equal(lines[4], 'missing.js: 1 error')
    assert.equal(err, '')
    assert.equal(code, 107)
  })

  it('gives warnings and notices exit code 0', async () => {
    const script = write(
      'warned.js',
      `import grpc from 'k6/net/grpc'
      const client = new grpc.Client()
      export const options = { vuss: 1 }
      export default () => client.connect('a:1', { reflect: true })`,
    )
    const { code, out } = await belljar(script)
    assert.match(out, /^warned\.js:4:\d+: notice: server reflection/m)
    assert.match(out, /^warned\.js: 1 warning$/m)
    assert.equal(code, 0)
  })

  it('writes JSON, whatever the script says', async () => {
    const script = write('loud.js', 'export default () => { throw new Error("\\u001b[31m\\n\\"") }')
    const { code, out } = await belljar('--json', script)
    const { scripts } = JSON.parse(out)
    assert.equal(scripts.length, 1)
    assert.deepEqual({ ...scripts[0], findings: [] }, { script: 'loud.js', exitCode: 107, findings: [] })
    assert.deepEqual(
      { ...scripts[0].findings[0], column: 0 },
      {
        severity: 'error',
        text: 'Error: \u001b[31m\n"',
        file: 'loud.js',
        line: 1,
        column: 0,
        during: 'scenario "default"',
      },
    )
    assert.equal(code, 107)
    const text = await belljar(script)
    assert.ok(!text.out.includes('\u001b'))
    assert.equal(text.out.trimEnd().split('\n').length, 2)
  })

  it('passes the environment as run does, keeps what scripts log for --verbose, and writes no file', async () => {
    const script = write(
      'env.js',
      `console.log('init', __ENV.FROM_ENV, __ENV.GIVEN)
      export default () => { console.error('iteration', __ENV.GIVEN) }
      export const handleSummary = () => ({ 'summary.txt': 'x', stdout: 'y' })`,
    )
    const quiet = await belljar('-e', 'GIVEN=1', script)
    assert.deepEqual(quiet, { code: 0, out: 'env.js: no problems\n', err: '' })
    const loud = await belljar(
      '-e',
      'GIVEN=1',
      '--verbose',
      '--include-system-env-vars=false',
      '--log-format=raw',
      script,
    )
    assert.match(loud.err, /^init undefined 1$/m)
    assert.match(loud.err, /^iteration 1$/m)
    assert.ok(!existsSync(join(folder, 'summary.txt')))
  })

  it('refuses what is no use of it', async () => {
    const none = await belljar()
    assert.match(none.err, /requires at least 1 arg/)
    assert.equal(none.code, 255)
    const unknown = await belljar('--vus=1', 'x.js')
    assert.match(unknown.err, /unknown flag: --vus/)
    assert.equal(unknown.code, 255)
    const help = await belljar('--help')
    assert.match(help.out, /--json/)
    assert.equal(help.code, 0)
  })
})

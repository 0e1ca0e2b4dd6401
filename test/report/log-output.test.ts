import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLogFile, parseLogOutput } from '../../report/log-output.js'

describe('parseLogOutput', () => {
  it('reads streams and files', () => {
    assert.deepEqual(parseLogOutput('stdout'), { kind: 'stdout' })
    assert.deepEqual(parseLogOutput('file=/a=b.log'), { kind: 'file', path: '/a=b.log', level: 'debug' })
    assert.deepEqual(parseLogOutput('file=x,level=WARN'), { kind: 'file', path: 'x', level: 'warning' })
  })

  for (const [text, message] of [
    ['nope', "unsupported log output 'nope'"],
    ['filex', 'logfile configuration should be in the form `file=path-to-local-file` but is `filex`'],
    ['file', 'filepath must not be empty'],
    ['file=x,level=loud', 'unknown log level loud'],
    ['file=x,colour=red', 'unknown logfile config key colour'],
    ['loki=host:1', "log output 'loki=host:1' is not supported"],
  ] as const) {
    it(`refuses ${text}`, () => assert.throws(() => parseLogOutput(text), { message, exitCode: 255 }))
  }
})

describe('openLogFile', () => {
  const folder = mkdtempSync(join(tmpdir(), 'log-'))
  after(() => rmSync(folder, { recursive: true }))

  it('puts lines at the end of a file that only its owner can read', () => {
    const path = join(folder, 'a.log')
    for (const line of ['one\n', 'two\n']) {
      const file = openLogFile(path, assert.fail)
      file.write(line)
      file.close?.()
      file.write('late\n')
    }
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('says which file it could not open', () => {
    assert.throws(() => openLogFile(join(folder, 'no', 'a.log'), assert.fail), {
      code: 'OUTPUT_FAILED',
      message: /no\/a\.log: ENOENT/,
    })
  })

  it('reports once that it cannot write', () => {
    const errors: string[] = []
    const file = openLogFile('/dev/full', (error) => errors.push(error))
    file.write('one\n')
    file.write('two\n')
    file.close?.()
    assert.equal(errors.length, 1)
    assert.match(errors[0] ?? '', /^failed to write a log message to \/dev\/full: ENOSPC/)
  })
})

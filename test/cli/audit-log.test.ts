import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditLog } from '../../cli/audit-log.js'
import type { AuditRecord } from '../../policy/audit.js'
import { untrustedPolicy } from '../../policy/policy.js'
import { Redactor } from '../../report/redaction.js'

describe('AuditLog', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-'))
    path = join(folder, 'audit.jsonl')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const record: AuditRecord = {
    timeMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    section: 'files.read',
    rule: 'default',
    subject: '/etc/passwd',
    vu: 0,
    count: 2,
  }
  const logOf = (redactor = new Redactor()) =>
    new AuditLog(path, untrustedPolicy, redactor, (error) => assert.fail(error))

  it('writes a line for each refusal, of threads and of its own gate, that only the owner may read', () => {
    const log = logOf()
    log.add(record)
    assert.throws(() => log.gate.checkModule('https://host.example/x.js'), { code: 'MODULE_DENIED' })
    log.close()
    const [first, second, ...rest] = readFileSync(path, 'utf8').split('\n')
    assert.equal(
      first,
      '{"time":"2026-01-02T03:04:05.006Z","profile":"untrusted","section":"files.read","rule":"default","subject":"/etc/passwd","vu":0,"count":2}',
    )
    const { time: _, ...own } = JSON.parse(second!)
    assert.deepEqual(own, {
      ...{ profile: 'untrusted', section: 'modules', rule: 'default' },
      ...{ subject: 'https://host.example/x.js', vu: 0, count: 1 },
    })
    assert.deepEqual(rest, [''])
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  it('shows control characters and hides secrets', () => {
    const redactor = new Redactor()
    redactor.add('hush-hush')
    const log = logOf(redactor)
    log.add({ ...record, subject: 'a\n{"forged":1}\u001b[2J\u009b\u202e hush-hush' })
    log.close()
    const text = readFileSync(path, 'utf8')
    assert.equal(text.split('\n').length, 2)
    assert.doesNotMatch(text.trimEnd(), /[\u0000-\u001f\u007f-\u009f\u202e]|hush/)
    assert.match(JSON.parse(text).subject, /^a\n\{"forged":1\}/)
  })

  it('stays within a size, and counts what there is no room for', () => {
    const log = logOf()
    const subject = 'x'.repeat(100_000)
    for (let i = 0; i < 200; i++) log.add({ ...record, subject, count: 3 })
    log.close()
    assert.ok(statSync(path).size <= 16 * 1024 * 1024 + 100)
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
    assert.deepEqual(JSON.parse(lines.at(-1)!), { dropped: 3 * (200 - (lines.length - 1)) })
  })

  it('writes nothing without a file', () => {
    const log = new AuditLog(undefined, untrustedPolicy, new Redactor(), (error) => assert.fail(error))
    log.add(record)
    log.close()
  })
})

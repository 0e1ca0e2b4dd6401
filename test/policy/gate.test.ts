import assert from 'node:assert/strict'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AuditTrail, type Refusal } from '../../policy/audit.js'
import { readRegularFile } from '../../policy/files.js'
import { Gate } from '../../policy/gate.js'
import { type PolicyInput, policyFrom } from '../../policy/policy-input.js'

describe('Gate', () => {
  let folder: string
  let refused: Refusal[]
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-')))
    writeFileSync(join(folder, 'ten.txt'), '0123456789')
    refused = []
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const gateOf = (input: PolicyInput) =>
    new Gate(policyFrom(input, { baseFolder: folder }), (refusal) => refused.push(refusal))

  it('names the rule that refused a file, to the script and to the audit trail', () => {
    const path = join(folder, 'ten.txt')
    const closed = gateOf({})
    assert.throws(() => readRegularFile(path, closed.fileRules(), './ten.txt'), {
      code: 'FILE_DENIED',
      message: './ten.txt lies outside of the folders that may be read (policy untrusted, files.read: default)',
    })
    const small = gateOf({ files: { read: ['.'] }, limits: { fileBytes: 9 } })
    assert.throws(() => readRegularFile(path, small.fileRules(), './ten.txt'), {
      code: 'LIMIT_SIZE',
      message: './ten.txt has 10 bytes; a file may have 9 (limit fileBytes)',
    })
    assert.deepEqual(refused, [
      { section: 'files.read', rule: 'default', subject: './ten.txt' },
      { section: 'limits.fileBytes', rule: '9', subject: './ten.txt' },
    ])
    assert.equal(readRegularFile(path, gateOf({ files: { read: ['.'] } }).fileRules())!.byteLength, 10)
    assert.equal(readRegularFile(path, closed.fileRules(path))!.byteLength, 10)
  })

  it('lets modules in that a pattern is about, as a whole', () => {
    const gate = gateOf({ modules: ['k6', 'k6/net/*', 'https://host.example/lib/*'] })
    for (const name of ['k6', 'k6/net/grpc', 'https://host.example/lib/a.js']) gate.checkModule(name)
    const others = ['k6/http', 'k6/ne', 'https://host.example/', 'https://host.example.evil.example/lib/a.js', 'xk6']
    for (const name of others) assert.throws(() => gate.checkModule(name), { code: 'MODULE_DENIED' }, name)
    assert.deepEqual(
      refused.map(({ subject }) => subject),
      others,
    )
  })

  it('refuses modules over the limits by their names', () => {
    const { refuse, ...bounds } = gateOf({ limits: { moduleBytes: 5, moduleCount: 2 } }).moduleLimits
    assert.deepEqual(bounds, { moduleBytes: 5, moduleCount: 2 })
    assert.equal(refuse('moduleCount', 'file:///a.js', 'too many').code, 'LIMIT_COUNT')
    assert.equal(refuse('moduleBytes', 'file:///a.js', 'too large').message, 'too large (limit moduleBytes)')
    assert.deepEqual(refused[0], { section: 'limits.moduleCount', rule: '2', subject: 'file:///a.js' })
  })

  it('hands its refusals to a trail, which counts those that are alike and keeps so many', () => {
    const trail = new AuditTrail(() => 7)
    const gate = Gate.withTrail(policyFrom({ modules: [] }, { baseFolder: folder }), trail)
    for (let i = 0; i < 3; i++) assert.throws(() => gate.checkModule('k6'))
    assert.deepEqual(trail.take(), {
      records: [{ timeMs: 7, section: 'modules', rule: 'default', subject: 'k6', vu: 0, count: 3 }],
      dropped: 0,
    })
    assert.equal(trail.take(), undefined)
    for (let i = 0; i < 1010; i++) assert.throws(() => gate.checkModule(`https://host.example/${i}`))
    const { records, dropped } = trail.take()!
    assert.deepEqual([records.length, dropped], [1000, 10])
  })
})

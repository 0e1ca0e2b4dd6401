import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAppError } from '../../errors.js'
import { untrustedPolicy } from '../../policy/policy.js'
import { parsePolicyText, readPolicyFile } from '../../policy/policy-file.js'

describe('readPolicyFile', () => {
  let folder: string
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-')))
  })
  after(() => rmSync(folder, { recursive: true }))
  const write = (name: string, text: string | Uint8Array) => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  it('reads YAML and JSON alike, with folders beside the file', () => {
    const yaml = write(
      'policy.yaml',
      '# who\nprofile: untrusted\nfiles:\n  read: [data]\nlimits:\n  memoryBytes: 48mb\n  vus: 5\n',
    )
    const json = write(
      'policy.json',
      '{\n\t"profile": "untrusted",\n\t"files": {"read": ["data"]},\n\t"limits": {"memoryBytes": "48mb", "vus": 5}\n}\n',
    )
    const { files, limits } = readPolicyFile(yaml)
    assert.deepEqual(files, { read: [join(folder, 'data')], write: [] })
    assert.deepEqual(limits, { ...untrustedPolicy.limits, memoryBytes: 48 * 1024 ** 2, vus: 5 })
    assert.deepEqual(readPolicyFile(json), readPolicyFile(yaml))
    assert.equal(readPolicyFile(yaml, 'trusted').profile, 'trusted')
  })

  it('takes an empty file for a policy that says nothing', () => {
    assert.deepEqual(readPolicyFile(write('empty.yaml', '# nothing yet\n')), untrustedPolicy)
  })

  it('names the file and the place of a mistake', () => {
    const refused = (path: string, message: RegExp) =>
      assert.throws(
        () => readPolicyFile(path),
        (e) => isAppError(e, 'POLICY_INVALID') && message.test(e.message),
        path,
      )
    refused(write('a.yaml', 'limits:\n  vus: many\n'), /^a\.yaml: the policy has a mistake at limits\.vus: .*"many"/)
    refused(write('b.yaml', 'limits: {vus: 1\n'), /^b\.yaml: line \d+, column \d+: /)
    refused(join(folder, 'nowhere.yaml'), /^nowhere\.yaml: there is no such policy file/)
    refused(folder, /is not a regular file/)
    refused(write('bytes.yaml', Buffer.from([0xff, 0xfe, 0x41])), /is not UTF-8 text/)
    refused(write('large.yaml', '#'.repeat(256 * 1024 + 1)), /has 262145 bytes; a file may have 262144/)
    execFileSync('mkfifo', [join(folder, 'pipe.yaml')])
    refused(join(folder, 'pipe.yaml'), /is not a regular file/)
  })
})

describe('parsePolicyText', () => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(
      () => parsePolicyText(text),
      (e) => isAppError(e, 'POLICY_INVALID') && message.test(e.message),
      text.slice(0, 40),
    )

  it('refuses what YAML has beside plain data', () => {
    refused('env: [A]\nlimits: {}\nenv: all\n', /^line 3, column 1: the key env is there twice/)
    refused('{"env": [], "env": "all"}', /^line 1, column 13: the key env is there twice/)
    refused('env: !secret x\n', /^line 1, column 6: Unresolved tag/)
    refused('env: !!js/function x\n', /Unresolved tag/)
    refused('a: 1\n---\nb: 2\n', /a policy is one document/)
    refused('? [a]\n: 1\n', /a key is not a text/)
    refused('a: *b\n', /alias/)
    refused('env:\n\t- A\n', /Tabs are not allowed/)
  })

  it('keeps hostile keys as own members, for the reader to refuse', () => {
    const parsed = parsePolicyText('__proto__: {profile: trusted}\nconstructor: 1\n') as object
    assert.deepEqual(Object.keys(parsed), ['__proto__', 'constructor'])
    assert.equal(Object.getPrototypeOf(parsed), Object.prototype)
  })

  it('ends soon with what is made to exhaust a parser', () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(9).fill(of).join(',')}]\n`
    refused(level('a', 'x') + level('b', '*a') + level('c', '*b') + level('d', '*c'), /more than 20 aliases/)
    refused('['.repeat(100_000), /more than 20 levels/)
    refused('{a: '.repeat(100_000), /more than 20 levels/)
    refused('- '.repeat(100_000), /more than 20 levels/)
    refused(Array.from({ length: 600 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), /more than 20 levels/)
    const keys = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')
    assert.equal(Object.keys(parsePolicyText(keys) as object).length, 20_000)
  })
})

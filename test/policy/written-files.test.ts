import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { isAppError } from '../../errors.js'
import type { Refusal } from '../../policy/audit.js'
import { Gate } from '../../policy/gate.js'
import { untrustedPolicy } from '../../policy/policy.js'
import { writeRegularFile } from '../../policy/written-files.js'

describe('writeRegularFile', () => {
  let folder: string
  let root: string
  let refused: Refusal[]
  let gate: Gate
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-')))
    root = join(folder, 'out')
    mkdirSync(root)
    writeFileSync(join(folder, 'outside.txt'), 'untouched')
    refused = []
    const policy = { ...untrustedPolicy, files: { read: [], write: [root] } }
    gate = new Gate(policy, (refusal) => refused.push(refusal))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  const write = (path: string) => writeRegularFile(path, 'new', gate.writeRules)
  const denied = (path: string) => {
    assert.throws(
      () => write(path),
      (e) => isAppError(e, 'FILE_DENIED'),
      path,
    )
    assert.equal(readFileSync(join(folder, 'outside.txt'), 'utf8'), 'untouched')
  }

  it('makes a file in a listed folder, and replaces one', () => {
    write(join(root, 'a.txt'))
    writeFileSync(join(root, 'b.txt'), 'something longer')
    write(relative(process.cwd(), join(root, 'b.txt')))
    writeRegularFile(join(root, 'c'), new Uint8Array([1, 2]), gate.writeRules)
    assert.equal(readFileSync(join(root, 'a.txt'), 'utf8'), 'new')
    assert.equal(readFileSync(join(root, 'b.txt'), 'utf8'), 'new')
    assert.deepEqual([...readFileSync(join(root, 'c'))], [1, 2])
    assert.deepEqual(refused, [])
  })

  it('makes nothing elsewhere, and says which rule refused', () => {
    for (const path of [`${root}/../new.txt`, join(folder, 'new.txt'), `${root}2/a`, join(folder, 'outside.txt')]) {
      denied(path)
    }
    assert.deepEqual(readdirSync(folder).sort(), ['out', 'outside.txt'])
    assert.deepEqual(refused[0], { section: 'files.write', rule: 'default', subject: `${root}/../new.txt` })
    assert.equal(refused.length, 4)
  })

  it('follows no link: not one to a file, to a folder, nor to nowhere', () => {
    symlinkSync(join(folder, 'outside.txt'), join(root, 'link.txt'))
    symlinkSync(folder, join(root, 'up'))
    symlinkSync(join(folder, 'made.txt'), join(root, 'dangling.txt'))
    denied(join(root, 'link.txt'))
    denied(join(root, 'up', 'outside.txt'))
    denied(join(root, 'up', 'new.txt'))
    denied(join(root, 'dangling.txt'))
    assert.equal(existsSync(join(folder, 'new.txt')), false)
    assert.equal(existsSync(join(folder, 'made.txt')), false)
  })

  it('refuses pipes and folders, and names with NUL', () => {
    execFileSync('mkfifo', [join(root, 'pipe')])
    denied(join(root, 'pipe'))
    denied(root)
    denied(join(root, 'nope', 'a.txt'))
    denied(`${root}/a\0.txt`)
  })

  it('writes a folder that the policy names by a link', () => {
    symlinkSync(root, join(folder, 'named'))
    const named = new Gate({ ...untrustedPolicy, files: { read: [], write: [join(folder, 'named')] } })
    writeRegularFile(join(folder, 'named', 'a.txt'), 'x', named.writeRules)
    assert.equal(readFileSync(join(root, 'a.txt'), 'utf8'), 'x')
  })

  it('writes wherever the command may when nothing is listed', () => {
    const open = new Gate({ ...untrustedPolicy, files: { read: [], write: 'all' } })
    symlinkSync(join(folder, 'outside.txt'), join(root, 'link.txt'))
    writeRegularFile(join(root, 'link.txt'), 'x', open.writeRules)
    assert.equal(readFileSync(join(folder, 'outside.txt'), 'utf8'), 'x')
  })
})

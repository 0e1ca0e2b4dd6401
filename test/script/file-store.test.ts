import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FileStore } from '../../script/file-store.js'

describe('FileStore', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-'))
  })
  after(() => rmSync(folder, { recursive: true }))

  it('reads a file once and keeps its bytes, in memory that threads share', () => {
    const path = join(folder, 'a.txt')
    writeFileSync(path, 'first')
    const store = new FileStore(new Map(), { maxFileBytes: 100 })
    const bytes = store.read(path)!
    assert.equal(Buffer.from(bytes).toString(), 'first')
    assert.ok(bytes.buffer instanceof SharedArrayBuffer)
    writeFileSync(path, 'second')
    assert.equal(store.read(path), bytes)
  })

  it('keeps, too, that a file was not there', () => {
    const path = join(folder, 'later.txt')
    const store = new FileStore(new Map(), { maxFileBytes: 100 })
    assert.equal(store.read(path), undefined)
    writeFileSync(path, 'now')
    assert.equal(store.read(path), undefined)
    assert.deepEqual([...store.kept.keys()], [path])
  })

  it('reads nothing from the disk after the first init', () => {
    const path = join(folder, 'b.txt')
    writeFileSync(path, 'b')
    const first = new FileStore(new Map(), { maxFileBytes: 100 })
    first.read(path)
    const later = new FileStore(first.kept)
    assert.equal(Buffer.from(later.read(path)!).toString(), 'b')
    assert.throws(() => later.read(join(folder, 'a.txt')), {
      code: 'FILE_DENIED',
      message:
        /^open\(\) can't be used with files that weren't previously opened during initialization \(__VU==0\), path: "/,
    })
  })
})

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../errors.js'
import { Folders } from '../../policy/folders.js'
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

  it('keeps no more than its files may have together, and counts names of files that are not there', () => {
    writeFileSync(join(folder, 'x'), 'x'.repeat(1000))
    const path = join(folder, 'x')
    const refused: string[] = []
    const refuse = (code: 'FILE_DENIED' | 'LIMIT_SIZE', section: string, rule: string, named: string, text: string) => {
      refused.push(`${section} ${rule} ${named}`)
      return new AppError(code, text)
    }
    const room = 2 * (1000 + path.length)
    const store = new FileStore(new Map(), { maxFileBytes: 1000, maxTotalBytes: room, refuse })
    store.read(path)
    for (let i = 0; i < 10; i++) store.read(path)
    assert.throws(
      () => {
        for (let i = 0; i < 100; i++) store.read(join(folder, `absent${i}`.padEnd(100, '-')))
      },
      { code: 'LIMIT_SIZE', message: /one file too many: all files of a script together may have \d+ bytes$/ },
    )
    assert.throws(() => store.read(join(folder, 'y'.repeat(200)), './y'), /^AppError: \.\/y is one file too many/)
    assert.equal(refused[1], `limits.allFilesBytes ${room} ./y`)
  })

  it('finds nothing outside of its folders, and says so only where it is read', () => {
    const path = join(folder, 'b.txt')
    const store = new FileStore(new Map(), { maxFileBytes: 100, folders: new Folders([join(folder, 'inner')]) })
    assert.equal(store.has(path), false)
    assert.equal(store.realPath(path), undefined)
    assert.throws(() => store.assertOpen(path, 'b'), { code: 'FILE_DENIED', message: /^b lies outside/ })
    assert.throws(() => store.read(path), { code: 'FILE_DENIED' })
    store.assertOpen(join(folder, 'inner', 'c'), 'c')
  })
})

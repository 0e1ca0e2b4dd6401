import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAppError } from '../../errors.js'
import { readRegularFile } from '../../policy/files.js'
import { Folders } from '../../policy/folders.js'

describe('readRegularFile', () => {
  let folder: string
  let root: string
  before(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-')))
    root = join(folder, 'root')
    mkdirSync(root)
    writeFileSync(join(root, 'a.txt'), 'inside')
    writeFileSync(join(folder, 'secret.txt'), 'outside')
  })
  after(() => rmSync(folder, { recursive: true }))

  const denied = (path: string, maxFileBytes = 1000) =>
    assert.throws(
      () => readRegularFile(path, { maxFileBytes, folders: new Folders([root]) }),
      (e) => isAppError(e, 'FILE_DENIED'),
      path,
    )

  it('reads a regular file, and knows one that is not there', () => {
    const rules = { maxFileBytes: 1000, folders: new Folders([root]) }
    assert.equal(Buffer.from(readRegularFile(join(root, 'a.txt'), rules)!).toString(), 'inside')
    assert.equal(readRegularFile(join(root, 'nope.txt'), rules), undefined)
    assert.equal(readRegularFile(join(root, 'a.txt', 'below'), rules), undefined)
    writeFileSync(join(root, 'empty'), '')
    assert.equal(readRegularFile(join(root, 'empty'), rules)!.byteLength, 0)
  })

  it('reads everywhere when no folders are named', () => {
    assert.equal(
      Buffer.from(readRegularFile(join(folder, 'secret.txt'), { maxFileBytes: 1000 })!).toString(),
      'outside',
    )
  })

  it('stays inside the folders, by whatever path: dots, links to files, links to folders, a name that begins alike', () => {
    denied(join(folder, 'secret.txt'))
    denied(`${root}/../secret.txt`)
    symlinkSync(join(folder, 'secret.txt'), join(root, 'link.txt'))
    denied(join(root, 'link.txt'))
    symlinkSync(folder, join(root, 'up'))
    denied(join(root, 'up', 'secret.txt'))
    mkdirSync(join(folder, 'root2'))
    writeFileSync(join(folder, 'root2', 'a.txt'), 'alike')
    denied(join(folder, 'root2', 'a.txt'))
  })

  it('follows links that stay inside', () => {
    symlinkSync(join(root, 'a.txt'), join(root, 'same.txt'))
    assert.equal(
      Buffer.from(
        readRegularFile(join(root, 'same.txt'), { maxFileBytes: 1000, folders: new Folders([root]) })!,
      ).toString(),
      'inside',
    )
  })

  it('refuses a pipe at once, without waiting for a writer', () => {
    execFileSync('mkfifo', [join(root, 'pipe')])
    denied(join(root, 'pipe'))
  })

  it('refuses folders, sockets and devices', async () => {
    denied(root)
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(join(root, 'socket'), resolve))
    try {
      denied(join(root, 'socket'))
    } finally {
      server.close()
    }
    assert.throws(() => readRegularFile('/dev/zero', { maxFileBytes: 1000 }), {
      code: 'FILE_DENIED',
      message: '/dev/zero is not a regular file',
    })
  })

  it('refuses a file over the limit before it reads it', () => {
    const path = join(root, 'sparse')
    writeFileSync(path, '')
    truncateSync(path, 3 * 1024 ** 3)
    assert.throws(() => readRegularFile(path, { maxFileBytes: 1000 }), {
      code: 'LIMIT_SIZE',
      message: `${path} has 3221225472 bytes; a file may have 1000`,
    })
    truncateSync(path, 1000)
    assert.equal(readRegularFile(path, { maxFileBytes: 1000 })!.byteLength, 1000)
  })

  it('reads a file whose size is not told beforehand, up to the limit', () => {
    assert.ok(readRegularFile('/proc/self/status', { maxFileBytes: 100_000 })!.byteLength > 0)
    assert.throws(() => readRegularFile('/proc/self/status', { maxFileBytes: 10 }), { code: 'LIMIT_SIZE' })
  })

  it('refuses NUL, loops of links and names of any length with messages of its own', () => {
    denied(`${root}/a.txt\0.js`)
    symlinkSync(join(root, 'loop'), join(root, 'loop'))
    denied(join(root, 'loop'))
    assert.throws(
      () => readRegularFile(join(root, 'x'.repeat(5000)), { maxFileBytes: 10 }),
      (e) => isAppError(e),
    )
  })
})

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  realpathSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
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
    const messageOf = (name: string) => {
      try {
        return String(readRegularFile(join(root, name), { maxFileBytes: 10 }, name.slice(0, 4)))
      } catch (e) {
        return isAppError(e) ? e.message : e
      }
    }
    assert.equal(messageOf('loop'), 'loop cannot be opened: too many levels of symbolic links')
    assert.equal(messageOf('x'.repeat(5000)), 'xxxx cannot be opened: file name too long')
  })

  it('tells nobody what there is outside: what is not there is refused like what is', () => {
    denied(join(folder, 'nowhere.txt'))
    symlinkSync(folder, join(root, 'out'))
    denied(join(root, 'out', 'nowhere', 'deeper.txt'))
    denied('/proc/self/environ')
    denied('/dev/zero')
    denied(join(folder, 'ROOT', 'a.txt'))
    denied(join(root.toUpperCase(), 'a.txt'))
  })

  it('reads no name in two ways: back slashes and percent signs are letters of it', () => {
    const rules = { maxFileBytes: 1000, folders: new Folders([root]) }
    assert.equal(readRegularFile(`${root}/..\\secret.txt`, rules), undefined)
    assert.equal(readRegularFile(`${root}/%2e%2e/secret.txt`, rules), undefined)
    denied(`${root}\\..\\secret.txt`)
    denied(`${root}/./../root/../secret.txt`)
  })

  it('follows no link into /proc, where links lead anywhere', () => {
    symlinkSync('/proc/self', join(root, 'self'))
    denied(join(root, 'self', 'environ'))
    denied(join(root, 'self', 'fd', '0'))
    denied(join(root, 'self', 'root', 'etc', 'passwd'))
    denied(join(root, 'self', 'cwd', 'package.json'))
  })

  it('judges what was opened and not what was there before', () => {
    // The inside file is opened by a path that leads outside by then.
    mkdirSync(join(folder, 'other'))
    writeFileSync(join(folder, 'other', 'a.txt'), 'outside')
    const folders = new Folders([root])
    const handle = openSync(join(folder, 'other', 'a.txt'), 'r')
    try {
      assert.equal(
        folders.hasOpened(handle, join(root, 'a.txt'), () => false),
        false,
      )
    } finally {
      closeSync(handle)
    }
    const inside = openSync(join(root, 'a.txt'), 'r')
    try {
      assert.equal(
        folders.hasOpened(inside, join(root, 'a.txt'), () => true),
        true,
      )
    } finally {
      closeSync(inside)
    }
  })

  it('never reads outside while somebody swaps a folder for a link', () => {
    mkdirSync(join(root, 'real'))
    mkdirSync(join(folder, 'evil'))
    writeFileSync(join(root, 'real', 'f.txt'), 'inside')
    writeFileSync(join(folder, 'evil', 'f.txt'), 'OUTSIDE')
    const swapped = join(root, 'swapped')
    const swapper = spawn(
      process.execPath,
      [
        '-e',
        `const { renameSync, symlinkSync } = require('node:fs')
        const [good, evil, at] = process.argv.slice(1)
        process.stdout.write('.')
        for (let i = 0; ; i++) {
          symlinkSync(i % 2 ? good : evil, at + '.new')
          renameSync(at + '.new', at)
        }`,
        ...[join(root, 'real'), join(folder, 'evil'), swapped],
      ],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    )
    return new Promise<void>((resolve, reject) => {
      swapper.on('exit', () => resolve())
      swapper.stdout.once('data', () => {
        const rules = { maxFileBytes: 1000, folders: new Folders([root]) }
        try {
          for (let i = 0; i < 3000; i++) {
            let bytes: Uint8Array | undefined
            try {
              bytes = readRegularFile(join(swapped, 'f.txt'), rules)
            } catch (e) {
              assert.ok(isAppError(e, 'FILE_DENIED'), String(e))
            }
            if (bytes !== undefined) assert.equal(Buffer.from(bytes).toString(), 'inside')
          }
        } catch (e) {
          reject(e)
        } finally {
          swapper.kill('SIGKILL')
        }
      })
    })
  })

  it('reads the main module wherever it is, and nothing beside it', () => {
    const mainFile = join(folder, 'secret.txt')
    const rules = { maxFileBytes: 1000, folders: new Folders([]), mainFile }
    assert.equal(Buffer.from(readRegularFile(mainFile, rules)!).toString(), 'outside')
    assert.throws(() => readRegularFile(join(root, 'a.txt'), rules), { code: 'FILE_DENIED' })
  })

  it('calls a file what the script calls it, whatever is behind', () => {
    const rules = { maxFileBytes: 5, folders: new Folders([root]) }
    for (const path of [
      join(folder, 'secret.txt'),
      join(root, 'a.txt'),
      join(root, 'link.txt'),
      root,
      `${root}/loop`,
    ]) {
      assert.throws(
        () => readRegularFile(path, rules, './named'),
        (e) => isAppError(e) && e.message.startsWith('./named ') && !e.message.includes(folder),
        path,
      )
    }
  })

  it('lets a folder be named by a link, and the root folder name everything', () => {
    symlinkSync(root, join(folder, 'alias'))
    const read = (path: string, listed: string) =>
      Buffer.from(readRegularFile(path, { maxFileBytes: 1000, folders: new Folders([listed]) })!).toString()
    assert.equal(read(join(folder, 'alias', 'a.txt'), join(folder, 'alias')), 'inside')
    assert.equal(read(join(root, 'a.txt'), join(folder, 'alias')), 'inside')
    assert.equal(read(join(root, 'a.txt'), '/'), 'inside')
  })
})

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LineFile } from '../../../report/outputs/line-file.js'

const folder = mkdtempSync(join(tmpdir(), 'line-file-'))
after(() => rmSync(folder, { recursive: true }))
const stdout = { write: () => assert.fail('standard output was not asked for') }

/** A named pipe with a reader that has read nothing yet. */
function pipe(name: string): { path: string; fd: number } {
  const path = join(folder, name)
  execFileSync('mkfifo', [path])
  return { path, fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK) }
}

/** All that a pipe has until its writer closes it. */
async function readToEnd(fd: number): Promise<string> {
  const parts: Buffer[] = []
  for (;;) {
    const part = Buffer.alloc(65_536)
    try {
      const length = readSync(fd, part)
      if (length === 0) return Buffer.concat(parts).toString()
      parts.push(part.subarray(0, length))
    } catch (e) {
      assert.equal((e as NodeJS.ErrnoException).code, 'EAGAIN')
      await delay(1)
    }
  }
}

describe('LineFile', () => {
  it('keeps the order of lines, whatever is flushed when', async () => {
    const path = join(folder, 'order')
    const file = new LineFile(path, stdout, assert.fail)
    const lines = Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`)
    for (const [i, line] of lines.entries()) {
      file.write(line)
      if (i % 777 === 0) file.flush()
      if (i % 9999 === 0) await delay(1)
    }
    await file.close()
    assert.equal(readFileSync(path, 'utf8'), lines.join(''))
  })

  it('waits for nobody who reads a pipe slowly, and loses nothing while its queue has room', async () => {
    const { path, fd } = pipe('slow')
    const file = new LineFile(path, stdout, assert.fail)
    const line = `${'x'.repeat(99)}\n`
    for (let i = 0; i < 10_000; i++) file.write(line)
    file.flush()
    const closed = file.close()
    await delay(50)
    const [text] = await Promise.all([readToEnd(fd), closed])
    assert.equal(text, line.repeat(10_000))
    closeSync(fd)
  })

  it('drops what does not fit in its queue, whole lines of it, and says how many', async () => {
    const { path, fd } = pipe('full')
    const errors: string[] = []
    const file = new LineFile(path, stdout, (error) => errors.push(error), { maxQueued: 500_000 })
    for (let i = 0; i < 10_000; i++) file.write(`${String(i).padStart(99)}\n`)
    const closed = file.close()
    const [text] = await Promise.all([readToEnd(fd), closed])
    const kept = text.split('\n').length - 1
    assert.ok(kept >= 5000 && kept < 10_000, `${kept} lines`)
    assert.ok(text.endsWith('\n'))
    assert.deepEqual(errors, [
      `output ${path}: it is written too slowly, the queue is full (1 lines lost so far)`,
      `output ${path}: it is written too slowly, the queue is full (${10_000 - kept} lines lost so far)`,
    ])
    closeSync(fd)
  })

  it('gives up a pipe that nobody reads when it is closed', async () => {
    const { path, fd } = pipe('hangs')
    const errors: string[] = []
    const file = new LineFile(path, stdout, (error) => errors.push(error), { closeTimeoutMs: 100 })
    for (let i = 0; i < 2000; i++) file.write(`${'x'.repeat(99)}\n`)
    await file.close()
    assert.equal(errors.length, 1)
    assert.match(errors[0]!, /nothing could be written for 0\.1 seconds \(\d+ lines lost so far\)$/)
    closeSync(fd)
  })

  it('says that the reader of a pipe has gone, and counts what is lost from then on', async () => {
    const { path, fd } = pipe('gone')
    const errors: string[] = []
    const file = new LineFile(path, stdout, (error) => errors.push(error))
    closeSync(fd)
    for (let i = 0; i < 3; i++) file.write('line\n')
    file.flush()
    await delay(50)
    for (let i = 0; i < 4; i++) file.write('line\n')
    await file.close()
    assert.deepEqual(errors, [
      `output ${path}: could not write: EPIPE: broken pipe, write (3 lines lost so far)`,
      `output ${path}: could not write: EPIPE: broken pipe, write (7 lines lost so far)`,
    ])
  })

  it('refuses a pipe that nobody has opened to read', () => {
    const path = join(folder, 'nobody')
    execFileSync('mkfifo', [path])
    assert.throws(() => new LineFile(path, stdout, assert.fail), { code: 'OUTPUT_FAILED', message: /ENXIO/ })
  })
})

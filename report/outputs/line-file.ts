/**
 * A file that outputs write lines to, plain or compressed, or standard output. Lines wait in a bounded queue and are
 * compressed and written off the main thread, so a slow disk or a pipe that nobody reads does not stop the run: what does
 * not fit in the queue is dropped, counted and reported.
 */
import { close, constants, openSync, write } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { AppError } from '../../errors.js'
import { OutputTrouble } from './output-trouble.js'

/** Where the lines of an output can go when it is no file. */
export interface TextStream {
  write(text: string): unknown
  /** If there is one, lines are written to it and not with `write`, which may block. */
  readonly fd?: number
}

/** What the queue of a file may hold, and how long closing it may take. */
export interface LineFileLimits {
  /** Characters that wait to be written. */
  readonly maxQueued: number
  /** How long `close()` waits for a write that makes no progress. */
  readonly closeTimeoutMs: number
}

const defaultLimits: LineFileLimits = { maxQueued: 128 * 1024 * 1024, closeTimeoutMs: 10_000 }

// Enough for a good ratio; each block is a gzip member of its own, and a file of several members is one gzip file.
const blockLength = 1024 * 1024
/** Lines repeat themselves so much that more effort gains little, and a busy run would write faster than it compresses. */
const compressionLevel = 1
const retryMs = 20

const gzipAsync = promisify(gzip)
const writeAsync = promisify(write)
const closeAsync = promisify(close)

interface Block {
  readonly text: string
  readonly lines: number
}

/** Collects lines and writes them in blocks. */
export class LineFile {
  readonly #target: TextStream | number
  readonly #isOwn: boolean
  readonly #isCompressed: boolean
  readonly #limits: LineFileLimits
  readonly #trouble: OutputTrouble
  #lines: string[] = []
  #length = 0
  #blocks: Block[] = []
  #queued = 0
  #failure: string | undefined
  #writing: Promise<void> | undefined
  #progress = 0

  /**
   * @param path a file to make anew, compressed if its name ends with `.gz`; `-` or nothing for `stdout`
   * @param onError told when lines are lost: at once, then now and then, and when the file is closed
   * @throws {AppError} `OUTPUT_FAILED` if the file cannot be opened
   */
  constructor(
    path: string,
    stdout: TextStream,
    onError: (error: string) => void,
    limits: Partial<LineFileLimits> = {},
  ) {
    this.#isOwn = path !== '' && path !== '-'
    this.#isCompressed = this.#isOwn && path.endsWith('.gz')
    this.#target = this.#isOwn ? openForWriting(path) : (stdout.fd ?? stdout)
    this.#limits = { ...defaultLimits, ...limits }
    this.#trouble = new OutputTrouble({ output: this.#isOwn ? path : 'stdout', unit: 'lines', log: onError })
  }

  /** Adds a line, which ends with a line feed. */
  write(line: string): void {
    if (this.#failure !== undefined) {
      this.#trouble.lost(1, this.#failure)
      return
    }
    if (this.#queued + this.#length + line.length > this.#limits.maxQueued) {
      this.#trouble.lost(1, 'it is written too slowly, the queue is full')
      return
    }
    this.#lines.push(line)
    this.#length += line.length
    if (this.#length >= blockLength) this.#seal()
  }

  /** Has what was collected written, unless it is too little to be worth compressing. */
  flush(): void {
    if (!this.#isCompressed) this.#seal()
  }

  /** Writes what is left, waits until it is written or nothing moves any more, and closes. Never throws. */
  async close(): Promise<void> {
    this.#seal()
    await this.#settled()
    if (this.#failure === undefined && this.#writing !== undefined) {
      this.#fail(`nothing could be written for ${this.#limits.closeTimeoutMs / 1000} seconds`)
    }
    // What is about to try again sees that it failed.
    await Promise.race([this.#writing, delay(2 * retryMs)])
    if (this.#isOwn && this.#writing === undefined) await closeAsync(this.#target as number).catch(() => {})
    this.#trouble.end()
  }

  /** Waits while there is progress. */
  async #settled(): Promise<void> {
    while (this.#writing !== undefined) {
      const before = this.#progress
      const stop = new AbortController()
      const timeout = delay(this.#limits.closeTimeoutMs, undefined, { signal: stop.signal }).catch(() => {})
      await Promise.race([this.#writing, timeout])
      stop.abort()
      if (this.#writing !== undefined && this.#progress === before) return
    }
  }

  #seal(): void {
    if (this.#lines.length === 0) return
    this.#blocks.push({ text: this.#lines.join(''), lines: this.#lines.length })
    this.#queued += this.#length
    this.#lines = []
    this.#length = 0
    this.#writing ??= this.#writeBlocks()
  }

  /** Runs until no block is left; there is at most one of it, and it never ends before its first write. */
  async #writeBlocks(): Promise<void> {
    while (this.#blocks.length > 0 && this.#failure === undefined) {
      const { text, lines } = this.#nextBlock()
      try {
        await this.#writeText(text)
      } catch (e) {
        this.#fail(`could not write: ${e instanceof Error ? e.message : String(e)}`, lines)
        break
      }
      this.#queued -= text.length
    }
    this.#writing = undefined
  }

  /** Small blocks that wait are written together. */
  #nextBlock(): Block {
    let length = 0
    let count = 0
    while (count < this.#blocks.length && (count === 0 || length + this.#blocks[count]!.text.length <= blockLength)) {
      length += this.#blocks[count++]!.text.length
    }
    const taken = this.#blocks.splice(0, count)
    return {
      text: taken.map(({ text }) => text).join(''),
      lines: taken.reduce((sum, { lines }) => sum + lines, 0),
    }
  }

  async #writeText(text: string): Promise<void> {
    if (typeof this.#target !== 'number') {
      this.#target.write(text)
      return
    }
    const bytes = this.#isCompressed ? await gzipAsync(text, { level: compressionLevel }) : Buffer.from(text)
    for (let at = 0; at < bytes.length && this.#failure === undefined; ) {
      try {
        at += (await writeAsync(this.#target, bytes, at)).bytesWritten
        this.#progress++
      } catch (e) {
        // A pipe in non-blocking mode whose reader is slow.
        if ((e as NodeJS.ErrnoException).code !== 'EAGAIN') throw e
        await delay(retryMs)
      }
    }
  }

  /** Gives up: what waits and what follows is lost. */
  #fail(reason: string, lines = 0): void {
    this.#failure = reason
    const waiting = this.#blocks.reduce((sum, block) => sum + block.lines, 0)
    this.#trouble.lost(lines + waiting + this.#lines.length, reason)
    this.#blocks = []
    this.#lines = []
    this.#length = 0
    this.#queued = 0
  }
}

function openForWriting(path: string): number {
  // Without O_NONBLOCK the opening of a named pipe, and each write to a full one, would wait for a reader.
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants
  try {
    return openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0o666)
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e)
    throw new AppError('OUTPUT_FAILED', `could not open '${path}' for writing: ${reason}`, { cause: e })
  }
}

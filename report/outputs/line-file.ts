/**
 * A file that outputs write lines to, plain or compressed, or standard output. Writes are synchronous: a slow disk
 * then slows the run down, where a queue would fill the memory.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { AppError } from '../../errors.js'

/** Where the lines of an output can go when it is no file. */
export interface TextStream {
  write(text: string): unknown
}

// Enough for a good ratio; each block is a gzip member of its own, and a file of several members is one gzip file.
const gzipBlockBytes = 1024 * 1024
const plainBlockBytes = 64 * 1024

/** Collects lines and writes them in blocks. */
export class LineFile {
  readonly #stream: TextStream | undefined
  readonly #fd: number | undefined
  readonly #path: string
  readonly #isCompressed: boolean
  readonly #onError: (error: string) => void
  #lines: string[] = []
  #size = 0
  #hasFailed = false

  /**
   * @param path a file to make anew, compressed if its name ends with `.gz`; `-` or nothing for `stdout`
   * @param onError told once, when writing fails; what follows is thrown away
   * @throws {AppError} `OUTPUT_FAILED` if the file cannot be opened
   */
  constructor(path: string, stdout: TextStream, onError: (error: string) => void) {
    const isStdout = path === '' || path === '-'
    this.#path = path
    this.#onError = onError
    this.#isCompressed = !isStdout && path.endsWith('.gz')
    if (isStdout) this.#stream = stdout
    else this.#fd = openForWriting(path)
  }

  write(line: string): void {
    if (this.#hasFailed) return
    this.#lines.push(line)
    this.#size += line.length
    if (this.#size >= (this.#isCompressed ? gzipBlockBytes : plainBlockBytes)) this.#writeBlock()
  }

  /** Writes what has been collected, unless it is too little to be worth compressing. */
  flush(): void {
    if (!this.#isCompressed) this.#writeBlock()
  }

  close(): void {
    this.#writeBlock()
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#hasFailed = true
  }

  #writeBlock(): void {
    if (this.#lines.length === 0) return
    const text = this.#lines.join('')
    this.#lines = []
    this.#size = 0
    try {
      if (this.#fd === undefined) this.#stream?.write(text)
      else writeAll(this.#fd, this.#isCompressed ? gzipSync(text) : Buffer.from(text))
    } catch (e) {
      this.#hasFailed = true
      this.#onError(`could not write to ${this.#path}: ${e instanceof Error ? e.message : String(e)}`)
    }
  }
}

function openForWriting(path: string): number {
  try {
    return openSync(path, 'w', 0o666)
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e)
    throw new AppError('OUTPUT_FAILED', `could not open '${path}' for writing: ${reason}`, { cause: e })
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written)
}

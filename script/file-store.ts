/**
 * The files of a run. The first init reads them from the disk and keeps them; every later VM, in whatever thread, gets
 * what was kept, so that all VUs see the same bytes and nothing that was not opened in the first init.
 */
import { AppError } from '../errors.js'
import { assertSpelling, type FileRules, readRegularFile, realFilePath, refusal } from '../policy/files.js'

export type KeptFiles = ReadonlyMap<string, Uint8Array | undefined>

/** Paths that are looked at, whether there is a file or not: what was not there is kept as well. */
const maxPaths = 20_000

export class FileStore {
  readonly #kept: Map<string, Uint8Array | undefined>
  readonly #rules: FileRules | undefined
  #totalBytes = 0

  /** With `rules`, files are read from the disk and kept; without, only `kept` is there. */
  constructor(kept: KeptFiles, rules?: FileRules) {
    this.#kept = new Map(kept)
    this.#rules = rules
  }

  /**
   * The file at an absolute path, or undefined when there was none.
   *
   * @param named what messages call it
   * @throws {AppError} FILE_DENIED, LIMIT_SIZE
   */
  read(path: string, named = path): Uint8Array | undefined {
    if (this.#kept.has(path)) return this.#kept.get(path)
    if (this.#rules === undefined) {
      throw new AppError(
        'FILE_DENIED',
        `open() can't be used with files that weren't previously opened during initialization (__VU==0), path: "${named}"`,
      )
    }
    if (this.#kept.size >= maxPaths) throw new AppError('LIMIT_SIZE', `a script may look for ${maxPaths} files`)
    const bytes = readRegularFile(path, this.#rules, named)
    this.#count(this.#rules, path.length + (bytes?.byteLength ?? 0), named)
    this.#kept.set(path, bytes === undefined ? undefined : shared(bytes))
    return this.#kept.get(path)
  }

  /** What is kept must fit: names too, since those of files that are not there are kept as well. */
  #count(rules: FileRules, bytes: number, named: string): void {
    const { maxTotalBytes: most = Number.POSITIVE_INFINITY } = rules
    if (this.#totalBytes + bytes > most) {
      const text = `${named} is one file too many: all files of a script together may have ${most} bytes`
      throw refusal(rules, 'LIMIT_SIZE', 'limits.allFilesBytes', String(most), named, text)
    }
    this.#totalBytes += bytes
  }

  /** @throws {AppError} FILE_DENIED for a path outside of the folders that may be read */
  assertOpen(path: string, named: string): void {
    if (this.#rules !== undefined) assertSpelling(path, this.#rules, named)
  }

  /**
   * The path of a file behind all links, or undefined when there is no regular file that may be read. Only the first init
   * looks: what is found it keeps.
   */
  realPath(path: string): string | undefined {
    if (this.#kept.has(path)) return this.#kept.get(path) === undefined ? undefined : path
    return this.#rules === undefined ? undefined : realFilePath(path, this.#rules)
  }

  /** True for a regular file that may be read. What is closed is told where it is read. */
  has(path: string): boolean {
    return this.realPath(path) !== undefined
  }

  get kept(): KeptFiles {
    return this.#kept
  }
}

/** In memory that all threads share: one copy, however many there are. */
function shared(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  return copy
}

/**
 * The files of a run. The first init reads them from the disk and keeps them; every later VM, in whatever thread, gets
 * what was kept, so that all VUs see the same bytes and nothing that was not opened in the first init.
 */
import { AppError } from '../errors.js'
import { type FileRules, readRegularFile, realFilePath } from '../policy/files.js'

export type KeptFiles = ReadonlyMap<string, Uint8Array | undefined>

export class FileStore {
  readonly #kept: Map<string, Uint8Array | undefined>
  readonly #rules: FileRules | undefined

  /** With `rules`, files are read from the disk and kept; without, only `kept` is there. */
  constructor(kept: KeptFiles, rules?: FileRules) {
    this.#kept = new Map(kept)
    this.#rules = rules
  }

  /** The file at an absolute path, or undefined when there was none. @throws {AppError} FILE_DENIED, LIMIT_SIZE */
  read(path: string): Uint8Array | undefined {
    if (this.#kept.has(path)) return this.#kept.get(path)
    if (this.#rules === undefined) {
      throw new AppError(
        'FILE_DENIED',
        `open() can't be used with files that weren't previously opened during initialization (__VU==0), path: "${path}"`,
      )
    }
    const bytes = readRegularFile(path, this.#rules)
    this.#kept.set(path, bytes === undefined ? undefined : shared(bytes))
    return this.#kept.get(path)
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

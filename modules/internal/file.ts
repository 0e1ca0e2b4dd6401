/** A file of `k6/experimental/fs`: the bytes are the host's, the position is this file's own. */
import { ops } from './bridge.js'
import {
  defineProperty,
  isArray,
  isInteger,
  isNaNNumber,
  NativeError,
  NativeUint8Array,
  parseJson,
  stringLastIndexOf,
  stringSlice,
  toNumber,
  typedArrayByteLength,
  typedArrayName,
  typedArraySet,
} from './primordials.js'
import { promised } from './promised.js'

const host = ops<{
  open(path: string, base: string, writtenIn: string): string
  read(file: number, from: number, most: number): ArrayBuffer
}>('fs', ['open', 'read'])

/** From which place an offset is counted. */
export const SeekMode = { Start: 0, Current: 1, End: 2 }

/** The names of the errors of k6's module, and the host's for a file that cannot be opened. */
type FileErrorName = 'TypeError' | 'EOFError' | 'NotFoundError' | 'InvalidResourceError' | 'ForbiddenError'

export function fileError(name: FileErrorName, message: string): Error {
  const error = new NativeError(message)
  return defineProperty(error, 'name', { value: name, writable: true, configurable: true })
}

/** What a file has of the host. */
interface Opened {
  number: number
  path: string
  size: number
}

export class File {
  declare readonly path: string
  readonly #number: number
  readonly #size: number
  #position = 0

  constructor({ number, path, size }: Opened) {
    this.#number = number
    this.#size = size
    defineProperty(this, 'path', { value: path, enumerable: true })
  }

  /** The host's number of a file; undefined for anything else that a script passed. */
  static numberOf(value: unknown): number | undefined {
    return typeof value === 'object' && value !== null && #number in value ? value.#number : undefined
  }

  /** Fills `into` from the position on. The number of bytes, or null at the end. */
  read(into?: unknown): Promise<number | null> {
    return promised(() => {
      if (into === undefined || into === null) throw fileError('TypeError', 'read() needs a Uint8Array to read into')
      if (typedArrayName(into) !== 'Uint8Array') throw fileError('TypeError', 'read() reads into a Uint8Array only')
      if (this.#position >= this.#size) return null
      const bytes = new NativeUint8Array(host.read(this.#number, this.#position, typedArrayByteLength(into)))
      const count = typedArrayByteLength(bytes)
      typedArraySet(into as Uint8Array, bytes)
      this.#position += count
      return count
    })
  }

  /** Moves the position, which may be anywhere from the start to the end. The new position. */
  seek(offset?: unknown, whence?: unknown): Promise<number> {
    return promised(() => {
      if (offset === undefined || offset === null) throw fileError('TypeError', 'seek() needs an offset')
      if (whence === undefined || whence === null) throw fileError('TypeError', 'seek() needs a SeekMode')
      const by = toNumber(offset)
      if (isNaNNumber(by) || !isInteger(by)) throw fileError('TypeError', 'the offset of seek() must be an integer')
      const to = this.#from(whence, by) + by
      if (to < 0) throw fileError('TypeError', 'seek() cannot go before the start of the file')
      if (to > this.#size) throw fileError('EOFError', 'seek() cannot go beyond the end of the file')
      this.#position = to
      return to
    })
  }

  #from(whence: unknown, by: number): number {
    switch (whence) {
      case SeekMode.Start:
        if (by < 0) throw fileError('TypeError', 'with SeekMode.Start the offset of seek() must not be negative')
        return 0
      case SeekMode.Current:
        return this.#position
      case SeekMode.End:
        if (by > 0) throw fileError('TypeError', 'with SeekMode.End the offset of seek() must not be positive')
        return this.#size
    }
    throw fileError('TypeError', 'the second argument of seek() must be a SeekMode')
  }

  stat(): Promise<{ name: string; size: number }> {
    return promised(() => ({
      name: stringSlice(this.path, stringLastIndexOf(this.path, '/') + 1),
      size: this.#size,
    }))
  }
}

/** The file at a path beside `base`, the URL of a module. @throws an error with k6's name for what is wrong with it */
export function openFile(path: string, base: string, writtenIn: string): File {
  const answer = parseJson(host.open(path, base, writtenIn)) as Opened | [FileErrorName, string]
  if (isArray(answer)) throw fileError(answer[0], answer[1])
  return new File(answer)
}

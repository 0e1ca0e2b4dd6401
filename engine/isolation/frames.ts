/**
 * Frames on the stream between a run's process and its parent: the length as 32 bits, big-endian, then so many bytes. One
 * from the child begins with the length of its JSON, in the same form; what follows that is its binary part.
 */

/** What came is no frame, or one that is too large. */
export class FrameError extends Error {}

const headerBytes = 4
const firstBodyBytes = 64 * 1024

/** The bytes of one frame. */
export function frameOf(...parts: readonly Uint8Array[]): Buffer {
  const header = Buffer.allocUnsafe(headerBytes)
  header.writeUInt32BE(
    parts.reduce((sum, part) => sum + part.length, 0),
    0,
  )
  return Buffer.concat([header, ...parts])
}

/** Cuts a stream into the bodies of its frames. Keeps no more than the body of one, however small the chunks are. */
export class FrameReader {
  readonly #maxBytes: number
  readonly #onBody: (body: Buffer) => void
  readonly #header = Buffer.alloc(headerBytes)
  #headerFilled = 0
  #length = 0
  #body = Buffer.alloc(0)
  #bodyFilled = 0

  /** @param onBody owns what it is given */
  constructor(maxBytes: number, onBody: (body: Buffer) => void) {
    this.#maxBytes = maxBytes
    this.#onBody = onBody
  }

  /** @throws {FrameError} for a frame that is too large; the stream is of no use from then on */
  push(chunk: Uint8Array): void {
    let rest = chunk
    while (rest.length > 0) {
      rest = this.#headerFilled < headerBytes ? this.#pushHeader(rest) : this.#pushBody(rest)
      if (this.#headerFilled === headerBytes && this.#bodyFilled === this.#length) this.#end()
    }
  }

  #pushHeader(chunk: Uint8Array): Uint8Array {
    const count = Math.min(headerBytes - this.#headerFilled, chunk.length)
    this.#header.set(chunk.subarray(0, count), this.#headerFilled)
    this.#headerFilled += count
    if (this.#headerFilled === headerBytes) {
      this.#length = this.#header.readUInt32BE(0)
      if (this.#length > this.#maxBytes) {
        throw new FrameError(`a message of ${this.#length} bytes; one may have ${this.#maxBytes}`)
      }
      this.#body = Buffer.allocUnsafeSlow(Math.min(this.#length, firstBodyBytes))
    }
    return chunk.subarray(count)
  }

  #pushBody(chunk: Uint8Array): Uint8Array {
    const count = Math.min(this.#length - this.#bodyFilled, chunk.length)
    const needed = this.#bodyFilled + count
    if (needed > this.#body.length) {
      // Grows with what has come, and not with what the header promises.
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#length, Math.max(needed, this.#body.length * 2)))
      this.#body.copy(larger, 0, 0, this.#bodyFilled)
      this.#body = larger
    }
    this.#body.set(chunk.subarray(0, count), this.#bodyFilled)
    this.#bodyFilled = needed
    return chunk.subarray(count)
  }

  #end(): void {
    const body = this.#body
    this.#headerFilled = 0
    this.#bodyFilled = 0
    this.#length = 0
    this.#body = Buffer.alloc(0)
    this.#onBody(body)
  }
}

/** The parts of a message of the child. */
export interface ChildParts {
  readonly json: unknown
  readonly binary: Buffer
}

/** A message of the child as a frame. */
export function childFrame(json: unknown, binary: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(JSON.stringify(json))
  const length = Buffer.allocUnsafe(headerBytes)
  length.writeUInt32BE(text.length, 0)
  return frameOf(length, text, binary)
}

/** @throws {FrameError} */
export function childParts(body: Buffer, maxJsonBytes: number): ChildParts {
  if (body.length < headerBytes) throw new FrameError('a message without a length')
  const length = body.readUInt32BE(0)
  if (length > maxJsonBytes || length > body.length - headerBytes) {
    throw new FrameError(`${length} bytes of JSON in a message of ${body.length}; there may be ${maxJsonBytes}`)
  }
  const text = body.toString('utf8', headerBytes, headerBytes + length)
  try {
    return { json: JSON.parse(text), binary: body.subarray(headerBytes + length) }
  } catch {
    throw new FrameError('a message that is not JSON')
  }
}

/**
 * The elements of one SharedArray as all VMs of the process have them: JSON text, one element a line, in memory that threads
 * share, and where each line ends. Knows nothing of names and of VMs.
 */
import { AppError } from '../errors.js'

/** Posted to a thread as it is, it is the same memory there. */
export interface SharedArrayData {
  /** UTF-8, on a SharedArrayBuffer. */
  readonly text: Uint8Array
  /** The place of the line feed behind each element, on a SharedArrayBuffer. */
  readonly ends: Uint32Array
}

/** What an array takes of the limit. */
export const bytesOf = ({ text, ends }: SharedArrayData): number => text.byteLength + ends.byteLength

/** The JSON text of an element, or undefined beyond the end. A view, not a copy. */
export function elementOf({ text, ends }: SharedArrayData, index: number): Uint8Array | undefined {
  const end = ends[index]
  return end === undefined ? undefined : text.subarray(index === 0 ? 0 : ends[index - 1]! + 1, end)
}

export const tooLarge = (maxBytes: number): AppError =>
  new AppError(
    'LIMIT_SIZE',
    `the SharedArrays of a run may have ${maxBytes} bytes of JSON in all (limit sharedArrayBytes)`,
  )

const lineFeed = 10
const indexBytes = Uint32Array.BYTES_PER_ELEMENT

/** An array on its way: elements come in any portions, and the memory to share is made once they are all there. */
export class SharedArrayDraft {
  readonly #chunks: Uint8Array[] = []
  readonly #ends: number[] = []
  #bytes = 0

  /** What the array would take of the limit so far. */
  get bytes(): number {
    return this.#bytes + this.#ends.length * indexBytes
  }

  /** Takes whole lines: the JSON of an element and a line feed, any number of times. */
  append(lines: string): void {
    const chunk = Buffer.from(lines, 'utf8')
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, at + 1)) {
      this.#ends.push(this.#bytes + at)
    }
    this.#bytes += chunk.length
    this.#chunks.push(chunk)
  }

  finish(): SharedArrayData {
    const text = new Uint8Array(new SharedArrayBuffer(this.#bytes))
    let at = 0
    for (const chunk of this.#chunks) {
      text.set(chunk, at)
      at += chunk.length
    }
    const ends = new Uint32Array(new SharedArrayBuffer(this.#ends.length * indexBytes))
    ends.set(this.#ends)
    return { text, ends }
  }
}

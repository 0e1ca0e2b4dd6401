/**
 * The memory of a VM that waits, kept without an engine: only what differs from a reference, which many VMs share. All VMs of a
 * thread run the same script, so of half a megabyte some kilobytes differ. An engine whose memory was taken so is left with the
 * reference in it, and zeros beside that: it is ready for another VM.
 */
import { heapBottom, pageBytes, stackBottom, stackTop } from './engine-program.js'
import type { MemoryImage } from './memory-image.js'
import type { Pointer } from './wasm-instance.js'

/** The memory of an engine, and what of it is in use. All addresses are multiples of 4. */
export interface UsedMemory {
  readonly bytes: Buffer
  readonly words: Int32Array
  /** The stack, from here up. */
  readonly stackPointer: Pointer
  /** An unwound stack, from the bottom of the stack up to here. */
  readonly unwoundEnd: Pointer
  /** So much of the stack a script may use. */
  readonly stackBytes: number
  /** The heap, up to here. */
  readonly heapEnd: Pointer
}

/** What differs from a reference. */
export interface ParkedMemory {
  /** For each run of words that differ: where the first is, how many there are, and these. */
  readonly runs: Int32Array
  readonly length: number
  /** Bytes that a memory must have to hold it. */
  readonly end: number
}

/** What is looked at word by word when something in it differs. */
const blockBytes = 256
const blockWords = blockBytes / 4
/** A heap that is larger is neither a reference nor to be taken, as looking through it takes too long. */
export const mostHeapBytes = 2 * 1024 * 1024
/** Nor are runs of more words, as moving them takes too long. */
const mostWords = 64 * 1024
/** With static data and stack, the latter as far as it has room in runs. */
const mostBlocks = (2 * mostHeapBytes) / blockBytes
/** At worst every other word of a block differs, and makes a run. */
const mostRunWords = (blockWords / 2) * 3
/** What is kept of a VM has room for multiples of so many words, and is used again when it is parked again. */
const storeWords = 512
/** Where the stack is not in use any more it is looked through until so much of it is zero. */
const gapBytes = pageBytes
/** What is expected to be zero is compared so much at a time. */
const partBytes = 2048
/** The machine gives memory in such pieces, and only those that were written to. */
const pieceBytes = 4096

const fixedBlocks = Math.ceil(stackBottom / blockBytes)
const zeros = Buffer.alloc(gapBytes)
const zeroWords = new Int32Array(blockWords)

/** The blocks of the present memory that differ: the first word, that of the reference or -1 for zeros, and how many. */
const blocks = new Int32Array(mostBlocks * 3)
/** Their runs. */
const scratch = new Int32Array(mostWords + mostRunWords)

/**
 * Where an engine keeps the end of its heap: in a fresh one, the only word of static data that says where the heap begins.
 *
 * @throws {Error} for an engine that is laid out otherwise
 */
export function findHeapEnd(words: Int32Array): Pointer {
  const fixed = words.subarray(0, stackBottom / 4)
  const at = fixed.indexOf(heapBottom)
  if (at < 0 || fixed.indexOf(heapBottom, at + 1) >= 0) {
    throw new Error('the static data of this engine is laid out otherwise: see runtime/parked-memory.ts')
  }
  return at * 4
}

export class MemoryReference {
  readonly image: MemoryImage
  /** Bytes that a memory must have to hold it. */
  readonly end: number
  /** The static data, and right after it the heap. */
  readonly #bytes: Buffer
  readonly #words: Int32Array
  /**
   * 1 for each block, of the static data and then of the heap, that differed in the last VM, as it will in the next. These are
   * looked at word by word at once; all others are compared by native code, whose calls are dear, as many as lie together.
   */
  readonly #differed: Uint8Array

  private constructor(image: MemoryImage, end: number) {
    this.image = image
    this.end = end
    this.#words = new Int32Array((stackBottom + end - heapBottom) / 4)
    this.#bytes = Buffer.from(this.#words.buffer)
    this.#differed = new Uint8Array(fixedBlocks + (end - heapBottom) / blockBytes)
    for (const { at, bytes } of image.parts)
      this.#bytes.set(bytes, at < stackBottom ? at : at - heapBottom + stackBottom)
  }

  /** Undefined when it would be too large. */
  static of(image: MemoryImage): MemoryReference | undefined {
    const last = image.parts.at(-1)!
    const heapBytes = Math.max(0, last.at + last.bytes.length - heapBottom)
    const end = heapBottom + Math.ceil(heapBytes / blockBytes) * blockBytes
    return heapBytes > mostHeapBytes ? undefined : new MemoryReference(image, end)
  }

  /**
   * Takes what differs out of a memory, which has at least `end` bytes, and leaves the reference in it. Undefined, with the memory
   * as it was, when that is too much. `before` is what was kept of the same VM once, and is not needed any more.
   */
  take(memory: UsedMemory, before?: ParkedMemory): ParkedMemory | undefined {
    const { heapEnd, stackPointer, unwoundEnd } = memory
    const { bytes } = memory
    const end = Math.max(this.end, heapEnd)
    let count = this.#compare(0, bytes, 0, stackBottom, 0)
    count = noteNonZero(count, bytes, stackBottom, unwoundEnd)
    count = noteNonZero(count, bytes, stackPointer, heapBottom)
    count = this.#compare(count, bytes, heapBottom, this.end, fixedBlocks)
    count = noteNonZero(count, bytes, this.end, end)
    if (count < 0) return undefined
    const length = this.#takeBlocks(count, memory.words)
    if (length > mostWords) {
      putRuns(scratch, length, memory.words)
      return undefined
    }
    clearStack(memory)
    const isRoomy =
      before !== undefined && before.runs.length >= length && before.runs.length <= 2 * length + storeWords
    const runs = isRoomy ? before.runs : new Int32Array(Math.ceil(length / storeWords) * storeWords)
    runs.set(scratch.subarray(0, length))
    return { runs, length, end }
  }

  /**
   * Notes the blocks from the address `from` to `to` that may differ; `first` is the number of the first one. Returns how many
   * are noted with the `count` before, or -1 for too many.
   */
  #compare(count: number, bytes: Buffer, from: Pointer, to: Pointer, first: number): number {
    const differed = this.#differed
    const shift = first === 0 ? 0 : stackBottom - heapBottom
    const isSame = (at: Pointer, end: Pointer) => this.#bytes.compare(bytes, at, end, at + shift, end + shift) === 0
    let found = count
    for (let block = first, at = from; at < to; ) {
      if (differed[block] === 1) {
        found = note(found, at, Math.min(at + blockBytes, to), (at + shift) >> 2)
        at += blockBytes
        block++
        continue
      }
      let next = block + 1
      let end = at + blockBytes
      for (; end < to && differed[next] === 0; next++) end += blockBytes
      end = Math.min(end, to)
      if (isSame(at, end)) {
        at = end
        block = next
        continue
      }
      // One of them does, and is noted in the next round.
      for (let i = block, one = at; one < end; i++, one += blockBytes) {
        if (!isSame(one, Math.min(one + blockBytes, end))) differed[i] = 1
      }
    }
    return found
  }

  /**
   * Takes the runs of the blocks that are noted, and puts the reference in their place. Returns how many words these take; those
   * of some blocks only when that is more than `mostWords`.
   */
  #takeBlocks(count: number, words: Int32Array): number {
    let length = 0
    for (let i = 0; i < 3 * count && length <= mostWords; i += 3) {
      const base = blocks[i + 1]!
      if (base < 0) {
        length = takeRuns(words, blocks[i]!, blocks[i + 2]!, zeroWords, 0, length)
        continue
      }
      const before = length
      length = takeRuns(words, blocks[i]!, blocks[i + 2]!, this.#words, base, length)
      if (length === before) this.#differed[blockAt(base)] = 0
    }
    return length
  }
}

/** The number of the block that begins with that word of the reference. */
const blockAt = (word: number): number =>
  word < stackBottom / 4 ? word / blockWords : fixedBlocks + (word - stackBottom / 4) / blockWords

/** Notes a block. Returns how many there are with it, or -1 for too many. */
function note(count: number, at: Pointer, end: Pointer, base: number): number {
  if (count < 0 || count === mostBlocks) return -1
  blocks[3 * count] = at >> 2
  blocks[3 * count + 1] = base
  blocks[3 * count + 2] = (end - at) >> 2
  return count + 1
}

/** Notes the parts that are not zero. Returns as `note` does. */
function noteNonZero(count: number, bytes: Buffer, from: Pointer, to: Pointer): number {
  let found = count
  for (let at = from; at < to; at += gapBytes) {
    const end = Math.min(at + gapBytes, to)
    if (isZero(bytes, at, end)) continue
    for (let part = at; part < end; part += partBytes) {
      const next = Math.min(part + partBytes, end)
      if (isZero(bytes, part, next)) continue
      for (let one = part; one < next; one += blockBytes) found = note(found, one, Math.min(one + blockBytes, next), -1)
    }
  }
  return found
}

/** For at most `gapBytes`. */
const isZero = (bytes: Buffer, from: Pointer, to: Pointer): boolean =>
  zeros.compare(bytes, from, to, 0, to - from) === 0

/** Moves the runs of `count` words into `scratch`, from `length` on, and replaces them by what is expected. */
function takeRuns(
  words: Int32Array,
  first: number,
  count: number,
  expected: Int32Array,
  base: number,
  length: number,
): number {
  const end = first + count
  const shift = base - first
  let to = length
  for (let at = first; ; ) {
    while (at < end && words[at] === expected[at + shift]) at++
    if (at === end) return to
    const head = to
    scratch[head] = at
    to += 2
    for (; at < end; at++) {
      const word = words[at]!
      const other = expected[at + shift]!
      if (word === other) break
      scratch[to++] = word
      words[at] = other
    }
    scratch[head + 1] = to - head - 2
  }
}

/** Puts it into a memory that has the reference in it and holds `end` bytes. */
export const putBack = ({ runs, length }: ParkedMemory, words: Int32Array): void => putRuns(runs, length, words)

function putRuns(runs: Int32Array, length: number, words: Int32Array): void {
  for (let i = 0; i < length; ) {
    let at = runs[i++]!
    for (let count = runs[i++]!; count > 0; count--) words[at++] = runs[i++]!
  }
}

/**
 * Leaves zeros where the stack is not in use any more. What calls have written lies next to its end: all that a script may use
 * is looked at, and beyond that, where only the engine itself goes, what hangs together with it.
 */
function clearStack({ bytes, stackPointer, unwoundEnd, stackBytes }: UsedMemory): void {
  const surelyFrom = stackTop - stackBytes - gapBytes
  for (let to = stackPointer; to > unwoundEnd; ) {
    const from = Math.max(unwoundEnd, to - gapBytes)
    if (!clear(bytes, from, to) && to <= surelyFrom) break
    to = from
  }
  for (let from = unwoundEnd; from < stackPointer; from += gapBytes) {
    if (!clear(bytes, from, Math.min(stackPointer, from + gapBytes))) break
  }
}

/** False when there are zeros only. */
function clear(bytes: Buffer, from: Pointer, to: Pointer): boolean {
  if (isZero(bytes, from, to)) return false
  for (let at = from; at < to; at += pieceBytes) {
    const end = Math.min(to, at + pieceBytes)
    if (!isZero(bytes, at, end)) bytes.fill(0, at, end)
  }
  return true
}

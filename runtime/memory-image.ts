/**
 * What is in the memory of an idle engine, to be put into other instances. Pointers stay what they are, since it is put to the
 * same places. Parts that hold nothing but zeros, as fresh memory does, are left out; so is the C stack: an idle engine has
 * nothing on it.
 */
import { heapBottom, pageBytes, stackBottom } from './engine-program.js'

/** Of the memory, in pages of 64 KB, and those of its parts that are not empty. */
export interface MemoryImage {
  readonly pages: number
  readonly parts: readonly { readonly at: number; readonly bytes: Uint8Array }[]
}

/** The machine gives memory in such pieces, and only those that were written to. */
const pieceBytes = 4096

export function memoryImage(bytes: Uint8Array): MemoryImage {
  // A fresh instance has static data where this one may have zeros.
  const parts = [{ at: 0, bytes: Uint8Array.prototype.slice.call(bytes, 0, stackBottom) }]
  let from: number | undefined
  const words = new Int32Array(bytes.buffer)
  for (let at = heapBottom - (heapBottom % pieceBytes); at < bytes.length; at += pieceBytes) {
    const isEmpty = isZero(words, Math.max(at, heapBottom) >> 2, (at + pieceBytes) >> 2)
    if (!isEmpty) {
      from ??= Math.max(at, heapBottom)
    } else if (from !== undefined) {
      parts.push({ at: from, bytes: Uint8Array.prototype.slice.call(bytes, from, at) })
      from = undefined
    }
  }
  if (from !== undefined) parts.push({ at: from, bytes: Uint8Array.prototype.slice.call(bytes, from) })
  // The allocator has written to the end of what it has. What the engine has grown by beyond that is not in use yet.
  const last = parts.at(-1)!
  return { pages: Math.ceil((last.at + last.bytes.length) / pageBytes), parts }
}

function isZero(words: Int32Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (words[i] !== 0) return false
  return true
}

/** Puts the image into the memory of an instance of which nothing has been called yet. */
export function restoreMemory(image: MemoryImage, bytes: Uint8Array): void {
  for (const part of image.parts) bytes.set(part.bytes, part.at)
}

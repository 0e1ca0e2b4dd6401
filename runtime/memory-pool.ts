/**
 * The memories of VMs, used again. They are shared memories, which V8 does not count: nothing hurries its garbage collector
 * when VMs are dropped one after the other, as those of a script are that ends its own VM again and again. So what a VM has
 * left is for the next one, without a byte of what was in it.
 */
import { pageBytes } from './engine-program.js'

/** What the kernel hands out at a time: memory that nobody has written to takes no room, and must not be written to here. */
const blockBytes = 4096
const emptyPage = Buffer.alloc(pageBytes)

/** Calls `visit` for each block of 4096 bytes that has anything but zeros in it. */
export function visitUsedBlocks(memory: Buffer, visit: (from: number, to: number) => void): void {
  const isEmpty = (from: number, to: number) => memory.compare(emptyPage, 0, to - from, from, to) === 0
  for (let page = 0; page < memory.length; page += pageBytes) {
    if (isEmpty(page, page + pageBytes)) continue
    for (let from = page; from < page + pageBytes; from += blockBytes) {
      if (!isEmpty(from, from + blockBytes)) visit(from, from + blockBytes)
    }
  }
}

/** The memories of a thread that no VM uses at present. */
export class MemoryPool {
  readonly #mostBytes: number
  readonly #kept: { memory: WebAssembly.Memory; maximum: number }[] = []

  /** @param mostBytes so much is kept, but always the newest one */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes
  }

  /** A memory of zeros, of `leastPages` or more, that can grow to `maximum` pages. */
  take(leastPages: number, maximum: number): WebAssembly.Memory {
    const at = this.#kept.findLastIndex((kept) => kept.maximum === maximum)
    if (at === -1) return new WebAssembly.Memory({ initial: leastPages, maximum, shared: true })
    const { memory } = this.#kept.splice(at, 1)[0]!
    const bytes = Buffer.from(memory.buffer)
    visitUsedBlocks(bytes, (from, to) => bytes.fill(0, from, to))
    return memory
  }

  /** Takes back a memory that nothing reads or writes any more; `maximum` is that of `take`. */
  give(memory: WebAssembly.Memory, maximum: number): void {
    this.#kept.push({ memory, maximum })
    while (this.#kept.length > 1 && this.keptBytes > this.#mostBytes) {
      const { byteLength } = this.#kept.shift()!.memory.buffer
      // This one V8 counts, so that it looks for garbage as if what is dropped were counted, too. It is never touched.
      void new ArrayBuffer(byteLength)
    }
  }

  get keptBytes(): number {
    return this.#kept.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0)
  }
}

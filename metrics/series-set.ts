/**
 * How many different series a run has, over all of its threads. Remembers a number for each and not its tags, so that a run
 * may have a million. Which series is which must not be predictable, or a script could have two count as one: hence the seed.
 */
import { requirePackage } from '../package-root.js'

export class SeriesSet {
  readonly #most: number
  readonly #known = new Set<number>()
  readonly #seed = (requirePackage('node:crypto') as typeof import('node:crypto')).randomInt(2 ** 32)

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#known.size
  }

  /** True for a series that is known, or for which there is room: it is known from now on. */
  admits(metric: string, tagsKey: string): boolean {
    const hash = hashOf(`${metric} ${tagsKey}`, this.#seed)
    if (this.#known.has(hash)) return true
    if (this.#known.size >= this.#most) return false
    this.#known.add(hash)
    return true
  }
}

/** 53 bits of two multiplicative hashes, mixed as in MurmurHash3. */
function hashOf(text: string, seed: number): number {
  let a = 0xdeadbeef ^ seed
  let b = 0x41c6ce57 ^ seed
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 2654435761)
    b = Math.imul(b ^ unit, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return 4294967296 * (2097151 & b) + (a >>> 0)
}

/** What a guest refers to by number: hashes, keys. Numbers are never used again, and there are only so many at a time. */
import { GuestError } from '../runtime/guest-error.js'

export class Handles<T> {
  readonly #what: string
  readonly #most: number
  readonly #held = new Map<number, T>()
  #last = 0

  /** @param what in the plural, for messages */
  constructor(what: string, most: number) {
    this.#what = what
    this.#most = most
  }

  /** @throws {GuestError} when there are too many */
  assertRoom(): void {
    if (this.#held.size < this.#most) return
    throw new GuestError('GoError', `a VU may have ${this.#most} ${this.#what} at a time`)
  }

  /** @throws {GuestError} when there are too many */
  add(item: T): number {
    this.assertRoom()
    this.#last += 1
    this.#held.set(this.#last, item)
    return this.#last
  }

  /** @throws {GuestError} for a number that is none of these */
  get(id: unknown): T {
    const item = this.find(id)
    if (item === undefined) throw new GuestError('TypeError', `there are no such ${this.#what}`)
    return item
  }

  /** Undefined for a number that is none of these. */
  find(id: unknown): T | undefined {
    return typeof id === 'number' ? this.#held.get(id) : undefined
  }

  delete(id: unknown): void {
    this.#held.delete(id as number)
  }

  get size(): number {
    return this.#held.size
  }
}

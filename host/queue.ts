/** First in, first out. To take the first of an array moves all others, which for a hundred thousand takes longer than their use. */
export class Queue<T> {
  readonly #items: (T | undefined)[] = []
  #taken = 0

  get length(): number {
    return this.#items.length - this.#taken
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Takes the first; undefined when there is none. */
  shift(): T | undefined {
    if (this.length === 0) return undefined
    const first = this.#items[this.#taken]
    this.#items[this.#taken++] = undefined
    if (this.#taken * 2 >= this.#items.length) {
      this.#items.splice(0, this.#taken)
      this.#taken = 0
    }
    return first
  }

  clear(): void {
    this.#items.length = 0
    this.#taken = 0
  }
}

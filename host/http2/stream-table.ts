/**
 * The open streams of a connection by their numbers. Mostly there is one at a time, for which a Map would be made anew with
 * every few calls.
 */
import type { ClientStream } from './client-stream.js'

const leastHeads = 8

export class StreamTable {
  /** The first stream of each chain; its size is a power of two. Numbers of a client are odd. */
  #heads: (ClientStream | undefined)[] = new Array(leastHeads).fill(undefined)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: number): ClientStream | undefined {
    let stream = this.#heads[(id >>> 1) & (this.#heads.length - 1)]
    while (stream !== undefined && stream.id !== id) stream = stream.nextInTable
    return stream
  }

  /** Adds a stream whose number nobody else has. */
  add(stream: ClientStream): void {
    if (this.#size === this.#heads.length * 2) this.#resize(this.#heads.length * 4)
    this.#size++
    this.#link(stream)
  }

  delete(stream: ClientStream): void {
    const at = (stream.id >>> 1) & (this.#heads.length - 1)
    let before: ClientStream | undefined
    let found = this.#heads[at]
    while (found !== undefined && found !== stream) {
      before = found
      found = found.nextInTable
    }
    if (found === undefined) return
    if (before === undefined) this.#heads[at] = stream.nextInTable
    else before.nextInTable = stream.nextInTable
    stream.nextInTable = undefined
    this.#size--
    if (this.#size === 0 && this.#heads.length > leastHeads) this.#resize(leastHeads)
  }

  /** All of them, in the order of their numbers. */
  all(): ClientStream[] {
    const found: ClientStream[] = []
    for (const head of this.#heads) {
      for (let stream = head; stream !== undefined; stream = stream.nextInTable) found.push(stream)
    }
    return found.sort((a, b) => a.id - b.id)
  }

  #link(stream: ClientStream): void {
    const at = (stream.id >>> 1) & (this.#heads.length - 1)
    stream.nextInTable = this.#heads[at]
    this.#heads[at] = stream
  }

  #resize(heads: number): void {
    const streams = this.all()
    this.#heads = new Array(heads).fill(undefined)
    for (const stream of streams) this.#link(stream)
  }
}

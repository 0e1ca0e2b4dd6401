/** Chooses the inputs of a target, one after the other: its seeds, then what the grammar makes, then changes of either. */
import fc from 'fast-check'
import { Random } from '../test/protoc/random.js'
import { mutateBytes } from './mutation.js'
import type { FuzzTarget } from './target.js'

const batch = 64
const maxKept = 2000
const maxAnswers = 20_000

export class Inputs {
  readonly #target: FuzzTarget
  readonly #random: Random
  readonly #kept: Uint8Array[]
  readonly #answers = new Set<string>()
  #next = 0
  #structured: Uint8Array[] = []

  constructor(target: FuzzTarget, seed: number, more: readonly Uint8Array[]) {
    this.#target = target
    this.#random = new Random(seed)
    this.#kept = [...target.seeds(), ...more]
    if (this.#kept.length === 0) this.#kept.push(new Uint8Array())
  }

  /** Different answers so far. */
  get answers(): number {
    return this.#answers.size
  }

  next(): Uint8Array {
    const random = this.#random
    if (this.#next < this.#kept.length) return this.#kept[this.#next++]!
    const { structured, words = [] } = this.#target
    if (structured !== undefined && random.chance(0.5)) {
      if (this.#structured.length === 0) {
        this.#structured = fc.sample(structured, { seed: random.integer(0, 2 ** 31 - 1), numRuns: batch })
      }
      const made = this.#structured.pop()!
      return random.chance(0.5) ? made : mutateBytes(made, this.#kept, words, random)
    }
    return mutateBytes(random.pick(this.#kept), this.#kept, words, random)
  }

  /** Keeps an input with an answer that no other had. */
  answered(input: Uint8Array, answer: string): void {
    if (this.#answers.has(answer) || this.#answers.size >= maxAnswers) return
    this.#answers.add(answer)
    this.keep(input)
  }

  /** Keeps an input, to be changed further. */
  keep(input: Uint8Array): void {
    if (this.#kept.length >= maxKept) this.#kept[this.#random.integer(0, maxKept - 1)] = input
    else this.#kept.push(input)
    // It was tried already.
    this.#next = this.#kept.length
  }
}

/**
 * How many jumps and calls of a script the engine lets pass until it asks the host whether to go on. It is 10,000 by itself, which
 * take less than a millisecond, or seconds where each call is of native code that takes long, as `JSON.parse`. The count lies in
 * the context, so the host sets it each time that it is asked, by how long the last ones took.
 */
import type { Pointer, WasmInstance } from './wasm-instance.js'

/** What the engine sets right before it asks. */
const usualCount = 10_000
/** Bytes of the context that are looked through, from its start. */
const contextBytes = 512
/** Asked more often, fast code would notice it. */
const mostCount = 500
const longestMs = 1

export class PollCount {
  /** Where it lies; 0 while that is not known. */
  at: Pointer
  #count = mostCount
  #askedAtMs = 0

  constructor(at: Pointer) {
    this.at = at
  }

  /**
   * To be called when the host is asked, in a context that may be at that for the first time. The guest has had the CPU since
   * `runningSinceMs`; times are those of `performance`.
   *
   * @throws {Error} for an engine whose context looks different
   */
  set({ words }: WasmInstance, ctx: Pointer, nowMs: number, runningSinceMs: number): void {
    if (this.at === 0) this.at = findCount(words, ctx)
    const tookMs = nowMs - Math.max(this.#askedAtMs, runningSinceMs)
    this.#askedAtMs = nowMs
    if (tookMs > longestMs) this.#count = Math.max(1, Math.floor((this.#count * longestMs) / tookMs))
    else if (tookMs < longestMs / 2) this.#count = Math.min(mostCount, this.#count * 2)
    words[this.at >> 2] = this.#count
  }
}

function findCount(words: Int32Array, ctx: Pointer): Pointer {
  const found: Pointer[] = []
  for (let at = ctx; at < ctx + contextBytes; at += 4) if (words[at >> 2] === usualCount) found.push(at)
  if (found.length !== 1) {
    throw new Error('the context of this engine is laid out otherwise: see runtime/poll-count.ts')
  }
  return found[0]!
}

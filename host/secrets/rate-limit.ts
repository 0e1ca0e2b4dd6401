/** Spreads requests over time: a token bucket. Whoever comes too early waits. */
export class RateLimit {
  readonly #perMs: number
  readonly #burst: number
  readonly #now: () => number
  #tokens: number
  #countedAt: number

  constructor(perMinute: number, burst: number, now: () => number) {
    this.#perMs = perMinute / 60_000
    this.#burst = burst
    this.#now = now
    this.#tokens = burst
    this.#countedAt = now()
  }

  /** Milliseconds to wait before the next request may go out; takes its place. */
  take(): number {
    const now = this.#now()
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#countedAt) * this.#perMs) - 1
    this.#countedAt = now
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs
  }
}

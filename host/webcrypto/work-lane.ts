/**
 * Lets so much work run at a time, in the order in which it came. Node.js has one pool of a few threads for everything slow:
 * scripts that make keys must not keep name look-ups and files of the whole process waiting.
 */
export class WorkLane {
  readonly #width: number
  readonly #waiting: (() => void)[] = []
  #running = 0

  constructor(width: number) {
    this.#width = width
  }

  /** Runs `work` when its turn comes, unless nobody wants it any more by then. */
  async run<T>(work: () => Promise<T>, isWanted: () => boolean): Promise<T | undefined> {
    if (this.#running < this.#width) this.#running += 1
    // Whoever ends hands its place over.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return isWanted() ? await work() : undefined
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#running -= 1
      else next()
    }
  }
}

/** Counters that all threads share: written with Atomics, read by the main thread for the progress. And the hands of their clocks. */

const perScenario = 6
const runFields = 5

/**
 * Indices: for the run, then those for each scenario. `idle` counts VUs that wait for an arrival, `taken` arrivals that were
 * begun or dropped.
 */
const field = { completed: 0, interrupted: 1, activeVus: 2, initializedVus: 3, samplesUnderWay: 4 } as const
const scenarioField = { started: 0, completed: 1, interrupted: 2, active: 3, idle: 4, taken: 5 } as const

export type RunField = keyof typeof field
export type ScenarioField = keyof typeof scenarioField

/** What bounds how often something may be done: the option `rps`, and the limit `requestsPerSecond`. */
const paces = ['rps', 'policy'] as const
export type Pace = (typeof paces)[number]

export const maxScenarios = 10_000

// A number of 64 bits begins at a multiple of 8.
const slotEndAt = Math.ceil((runFields + perScenario * maxScenarios) / 2) * 8

export class SharedCounters {
  readonly buffer: SharedArrayBuffer
  readonly #cells: Int32Array
  /** When the last slot of each pace ends, in nanoseconds since 1970. */
  readonly #slotEnds: BigInt64Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(slotEndAt + 8 * paces.length)) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer, 0, slotEndAt / 4)
    this.#slotEnds = new BigInt64Array(buffer, slotEndAt, paces.length)
  }

  /**
   * Takes the next of evenly spaced slots, which all threads share. Slots that nobody took are lost.
   *
   * @param nowMs milliseconds since 1970
   * @param gapMs from one slot to the next
   * @param pace those of one have nothing to do with those of another
   * @returns when it begins, in milliseconds since 1970
   */
  nextSlot(nowMs: number, gapMs: number, pace: Pace = 'rps'): number {
    const at = paces.indexOf(pace)
    const now = BigInt(Math.round(nowMs * 1e6))
    const gap = BigInt(Math.round(gapMs * 1e6))
    for (;;) {
      const end = Atomics.load(this.#slotEnds, at)
      const begin = end > now ? end : now
      if (Atomics.compareExchange(this.#slotEnds, at, end, begin + gap) === end) return Number(begin) / 1e6
    }
  }

  /** Adds and returns what was there before. */
  add(name: RunField, amount: number): number {
    return Atomics.add(this.#cells, field[name], amount)
  }

  get(name: RunField): number {
    return Atomics.load(this.#cells, field[name])
  }

  /** Adds and returns what was there before. */
  addFor(scenario: number, name: ScenarioField, amount: number): number {
    return Atomics.add(this.#cells, runFields + scenario * perScenario + scenarioField[name], amount)
  }

  /** A VU is at work for this scenario. */
  beginIteration(scenario: number): void {
    const at = runFields + scenario * perScenario
    Atomics.add(this.#cells, field.activeVus, 1)
    Atomics.add(this.#cells, at + scenarioField.active, 1)
  }

  /** It no longer is. */
  endIteration(scenario: number, isComplete: boolean): void {
    const at = runFields + scenario * perScenario
    Atomics.sub(this.#cells, field.activeVus, 1)
    Atomics.sub(this.#cells, at + scenarioField.active, 1)
    Atomics.add(this.#cells, isComplete ? field.completed : field.interrupted, 1)
    Atomics.add(this.#cells, at + (isComplete ? scenarioField.completed : scenarioField.interrupted), 1)
  }

  /** Sets it to `to` if it is `from`; false when it is not. */
  replaceFor(scenario: number, name: ScenarioField, from: number, to: number): boolean {
    const index = runFields + scenario * perScenario + scenarioField[name]
    return Atomics.compareExchange(this.#cells, index, from, to) === from
  }

  getFor(scenario: number, name: ScenarioField): number {
    return Atomics.load(this.#cells, runFields + scenario * perScenario + scenarioField[name])
  }
}

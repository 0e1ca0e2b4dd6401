/** Counters that all threads share: written with Atomics, read by the main thread for the progress. */

const perScenario = 4
const runFields = 4

/** Indices: for the run, then four for each scenario. */
const field = { completed: 0, interrupted: 1, activeVus: 2, initializedVus: 3 } as const
const scenarioField = { started: 0, completed: 1, interrupted: 2, active: 3 } as const

export type RunField = keyof typeof field
export type ScenarioField = keyof typeof scenarioField

export const maxScenarios = 10_000

export class SharedCounters {
  readonly buffer: SharedArrayBuffer
  readonly #cells: Int32Array

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer((runFields + perScenario * maxScenarios) * 4)) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer)
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

  getFor(scenario: number, name: ScenarioField): number {
    return Atomics.load(this.#cells, runFields + scenario * perScenario + scenarioField[name])
  }
}

/** One scenario of a run and how far it is. */

import type { ScenarioRun } from './executors/executor.js'
import { runScenario } from './executors/index.js'
import { regularDurationMs } from './plan/requirements.js'
import type { ScenarioProgress, ScenarioStatus } from './run.js'

export class ScenarioTracker {
  readonly scenario: ScenarioRun
  #endedAtMs: number | undefined

  constructor(scenario: ScenarioRun) {
    this.scenario = scenario
  }

  /** Waits for the scenario's start time and runs it to its end. */
  async run(): Promise<void> {
    const { clock, startTimeMs, stop } = this.scenario
    try {
      await clock.until(startTimeMs, stop)
      if (!stop.aborted) await runScenario(this.scenario)
    } finally {
      this.#endedAtMs = clock.now()
    }
  }

  /** Milliseconds since the scenario began, until it ended; negative before. */
  get elapsedMs(): number {
    return (this.#endedAtMs ?? this.scenario.clock.now()) - this.scenario.startTimeMs
  }

  get status(): ScenarioStatus {
    const { config, stop, counters, index } = this.scenario
    if (this.#endedAtMs !== undefined) {
      return stop.aborted || counters.getFor(index, 'interrupted') > 0 ? 'interrupted' : 'done'
    }
    if (this.elapsedMs < 0) return 'waiting'
    return this.elapsedMs > regularDurationMs(config) ? 'stopping' : 'running'
  }

  get progress(): ScenarioProgress {
    const { counters, index, allocatedVus } = this.scenario
    return {
      status: this.status,
      elapsedMs: this.elapsedMs,
      completed: counters.getFor(index, 'completed'),
      interrupted: counters.getFor(index, 'interrupted'),
      activeVus: counters.getFor(index, 'active'),
      allocatedVus,
    }
  }
}

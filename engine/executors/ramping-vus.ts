/** ramping-vus: the number of looping VUs follows the steps that were computed in advance. */
import type { RampingVUsConfig } from '../options/scenario.js'
import { rampingVUsSteps, stagesDurationMs } from '../plan/ramping-vus.js'
import type { VuHandle } from '../vu-pool.js'
import { type ScenarioRun, untilGracefulEnd } from './executor.js'

/** A VU that is started and stopped again and again; it finishes an iteration before it begins anew. */
class Slot {
  readonly #run: ScenarioRun<RampingVUsConfig>
  readonly #vu: VuHandle
  readonly #endTimeMs: number
  #work: Promise<unknown> = Promise.resolve()
  #cancelRampDown = new AbortController()

  constructor(run: ScenarioRun<RampingVUsConfig>, vu: VuHandle, endTimeMs: number) {
    this.#run = run
    this.#vu = vu
    this.#endTimeMs = endTimeMs
  }

  start(): void {
    this.#cancelRampDown.abort()
    this.#cancelRampDown = new AbortController()
    const request = { scenario: this.#run.index, scenarioStartMs: this.#run.startTimeMs, endTimeMs: this.#endTimeMs }
    this.#work = this.#work.then(() => this.#vu.loop(request))
    // Whoever waits for `ended` gets the error; until then it is not unhandled.
    this.#work.catch(() => {})
  }

  stop(): void {
    this.#vu.stop()
    const { clock, config } = this.#run
    const cancelled = this.#cancelRampDown.signal
    const isOver = new AbortController()
    this.#work.finally(() => isOver.abort()).catch(() => {})
    const signal = AbortSignal.any([cancelled, isOver.signal, this.#run.stop])
    void clock.until(clock.now() + config.gracefulRampDownMs, signal).then(() => {
      if (!signal.aborted) this.#vu.interrupt()
    })
  }

  get ended(): Promise<unknown> {
    return this.#work
  }
}

export async function runRampingVus(run: ScenarioRun<RampingVUsConfig>): Promise<void> {
  const steps = rampingVUsSteps(run.config, run.striping, false)
  const most = steps.reduce((max, step) => Math.max(max, step.vus), 0)
  const endTimeMs = run.startTimeMs + stagesDurationMs(run.config.stages)
  const vus = run.pool.take(most)
  const slots = vus.map((vu) => new Slot(run, vu, endTimeMs))
  try {
    let active = 0
    const follow = async () => {
      for (const step of steps) {
        await run.clock.until(run.startTimeMs + step.offsetMs, run.stop)
        if (run.stop.aborted) break
        for (; active < step.vus; active++) slots[active]!.start()
        for (; active > step.vus; active--) slots[active - 1]!.stop()
      }
      await run.clock.until(endTimeMs, run.stop)
      for (const vu of vus) vu.stop()
      await Promise.all(slots.map((slot) => slot.ended))
    }
    await untilGracefulEnd(run, vus, endTimeMs, follow())
  } finally {
    run.pool.release(vus)
  }
}

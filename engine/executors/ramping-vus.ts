/** ramping-vus: the number of looping VUs follows the steps that were computed in advance. */
import type { RampingVUsConfig } from '../options/scenario.js'
import { rampingVUsSteps, stagesDurationMs } from '../plan/ramping-vus.js'
import type { VuHandle } from '../vu-handle.js'
import { type ScenarioRun, untilGracefulEnd } from './executor.js'

/**
 * A place for a looping VU that is started and stopped again and again. It takes a VU from the pool when it starts and gives
 * it back when the last iteration is over, for another scenario may need it by then; started anew before that, it keeps it.
 */
class Slot {
  readonly #run: ScenarioRun<RampingVUsConfig>
  readonly #endTimeMs: number
  #vu: VuHandle | undefined
  #isWanted = false
  /** The loop under way; undefined when there is none. */
  #work: Promise<void> | undefined
  #cancelRampDown = new AbortController()

  constructor(run: ScenarioRun<RampingVUsConfig>, endTimeMs: number) {
    this.#run = run
    this.#endTimeMs = endTimeMs
  }

  start(): void {
    this.#cancelRampDown.abort()
    this.#isWanted = true
    this.#work ??= this.#loop().finally(() => {
      this.#work = undefined
    })
    // Whoever waits for `ended` gets the error; until then it is not unhandled.
    this.#work.catch(() => {})
  }

  async #loop(): Promise<void> {
    const { clock, index, pool, startTimeMs, stop } = this.#run
    const vus = await pool.take(1, stop)
    this.#vu = vus[0]
    try {
      while (this.#isWanted && this.#vu !== undefined && !stop.aborted && clock.now() < this.#endTimeMs) {
        await this.#vu.loop({ scenario: index, scenarioStartMs: startTimeMs, endTimeMs: this.#endTimeMs })
        if (this.#vu.isRetired) break
      }
    } finally {
      this.#vu = undefined
      pool.release(vus)
    }
  }

  stop(): void {
    this.#isWanted = false
    this.#vu?.stop()
    if (this.#work === undefined) return
    const { clock, config } = this.#run
    this.#cancelRampDown = new AbortController()
    const isOver = new AbortController()
    this.#work.finally(() => isOver.abort()).catch(() => {})
    const signal = AbortSignal.any([this.#cancelRampDown.signal, isOver.signal, this.#run.stop])
    void clock.until(clock.now() + config.gracefulRampDownMs, signal).then(() => {
      if (!signal.aborted) this.interrupt()
    })
  }

  /** No further iteration; the present one goes on. */
  finish(): void {
    this.#isWanted = false
    this.#vu?.stop()
  }

  interrupt(): void {
    this.#vu?.interrupt()
  }

  get ended(): Promise<void> | undefined {
    return this.#work
  }
}

export async function runRampingVus(run: ScenarioRun<RampingVUsConfig>): Promise<void> {
  const steps = rampingVUsSteps(run.config, run.striping, false)
  const most = steps.reduce((max, step) => Math.max(max, step.vus), 0)
  const endTimeMs = run.startTimeMs + stagesDurationMs(run.config.stages)
  const slots = Array.from({ length: most }, () => new Slot(run, endTimeMs))
  let active = 0
  const follow = async () => {
    for (const step of steps) {
      await run.clock.until(run.startTimeMs + step.offsetMs, run.stop)
      if (run.stop.aborted) break
      for (; active < step.vus; active++) slots[active]!.start()
      for (; active > step.vus; active--) slots[active - 1]!.stop()
    }
    await run.clock.until(endTimeMs, run.stop)
    for (const slot of slots) slot.finish()
    await Promise.all(slots.map((slot) => slot.ended))
  }
  await untilGracefulEnd(run, slots, endTimeMs, follow())
}

/** The executors that begin iterations at given times, whatever became of the earlier ones. */
import type { ConstantArrivalRateConfig, RampingArrivalRateConfig } from '../options/scenario.js'
import { constantArrivalTicks, rampingArrivalTicks, type Tick } from '../plan/arrival.js'
import { iterationStriping, regularDurationMs } from '../plan/requirements.js'
import { scale } from '../plan/segment.js'
import type { VuHandle } from '../vu-pool.js'
import { type ScenarioRun, untilGracefulEnd } from './executor.js'

/** VUs without work; the one that has waited longest is next. */
class VuQueue {
  #vus: VuHandle[]
  #first = 0

  constructor(vus: readonly VuHandle[]) {
    this.#vus = [...vus]
  }

  get size(): number {
    return this.#vus.length - this.#first
  }

  push(vu: VuHandle): void {
    this.#vus.push(vu)
  }

  shift(): VuHandle | undefined {
    if (this.size === 0) return undefined
    const vu = this.#vus[this.#first++]
    if (this.#first > 1000 && this.#first > this.#vus.length / 2) {
      this.#vus = this.#vus.slice(this.#first)
      this.#first = 0
    }
    return vu
  }
}

type ArrivalRun = ScenarioRun<ConstantArrivalRateConfig | RampingArrivalRateConfig>

/**
 * How late an iteration may begin that was due before the end of the scenario. The loop below reaches the last ticks a
 * little late, and without this each run would lack some.
 */
const lateStartMs = 500

async function runTicks(run: ArrivalRun, ticks: Iterable<Tick>): Promise<void> {
  const { config, clock, pool, stop } = run
  const most = scale(run.striping, config.maxVUs)
  const endTimeMs = run.startTimeMs + regularDurationMs(config)
  // Never after the moment at which everything is interrupted.
  const lastStartMs = endTimeMs + Math.min(lateStartMs, config.gracefulStopMs)
  const vus: VuHandle[] = await pool.take(scale(run.striping, config.preAllocatedVUs), stop)
  const idle = new VuQueue(vus)
  const running = new Set<Promise<unknown>>()
  let isGrowing = false
  let hasWarned = false
  run.allocatedVus = vus.length

  const begin = (vu: VuHandle) => {
    const work = vu.iterate({ scenario: run.index, scenarioStartMs: run.startTimeMs }).finally(() => {
      idle.push(vu)
      running.delete(work)
    })
    running.add(work)
    work.catch(() => {})
  }

  /** One more VU, in the background; the iteration that lacked it is lost all the same. */
  const grow = async () => {
    isGrowing = true
    try {
      for (const vu of await pool.takeUnplanned(stop)) {
        vus.push(vu)
        idle.push(vu)
      }
      run.allocatedVus = vus.length
    } catch (e) {
      run.error('Error while allocating unplanned VU', e)
    } finally {
      isGrowing = false
    }
  }

  const follow = async () => {
    let growing: Promise<void> = Promise.resolve()
    let lookedAtMs = Number.NEGATIVE_INFINITY
    for (const tick of ticks) {
      const atMs = run.startTimeMs + tick.offsetMs
      if (atMs >= endTimeMs) break
      if (atMs > clock.now()) await clock.until(atMs, stop)
      // A tick that comes late, after others, may find VUs that have ended meanwhile and could not yet say so.
      if (idle.size === 0 && clock.now() > lookedAtMs + 1) {
        await new Promise((resolve) => setImmediate(resolve))
        lookedAtMs = clock.now()
      }
      if (stop.aborted || clock.now() >= lastStartMs) break
      const vu = idle.shift()
      if (vu !== undefined) {
        begin(vu)
        continue
      }
      run.dropped(1)
      if (vus.length < most) {
        if (!isGrowing) growing = grow()
      } else if (!hasWarned) {
        hasWarned = true
        run.warn(`Insufficient VUs, reached ${vus.length} active VUs and cannot initialize more`)
      }
    }
    await clock.until(endTimeMs, stop)
    await growing
    await Promise.all(running)
  }

  try {
    await untilGracefulEnd(run, vus, endTimeMs, follow())
  } finally {
    run.allocatedVus = 0
    pool.release(vus)
  }
}

export const runConstantArrivalRate = (run: ScenarioRun<ConstantArrivalRateConfig>): Promise<void> =>
  runTicks(run, constantArrivalTicks(run.config, iterationStriping(run.config, run.striping)))

export const runRampingArrivalRate = (run: ScenarioRun<RampingArrivalRateConfig>): Promise<void> =>
  runTicks(run, rampingArrivalTicks(run.config, iterationStriping(run.config, run.striping)))

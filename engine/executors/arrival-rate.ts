/** The executors that begin iterations at given times, whatever became of the earlier ones. */
import type { ConstantArrivalRateConfig, RampingArrivalRateConfig } from '../options/scenario.js'
import { constantArrivalTicks, rampingArrivalTicks, type Tick } from '../plan/arrival.js'
import { regularDurationMs } from '../plan/requirements.js'
import { type Striping, scale, stripingFor } from '../plan/segment.js'
import type { VuHandle } from '../vu-pool.js'
import { type ScenarioRun, untilGracefulEnd } from './executor.js'

type ArrivalRun = ScenarioRun<ConstantArrivalRateConfig | RampingArrivalRateConfig>

async function runTicks(run: ArrivalRun, ticks: Iterable<Tick>): Promise<void> {
  const { config, clock, pool, stop } = run
  const planned = scale(run.striping, config.preAllocatedVUs)
  const most = scale(run.striping, config.maxVUs)
  const endTimeMs = run.startTimeMs + regularDurationMs(config)
  const vus: VuHandle[] = pool.take(planned)
  const idle: VuHandle[] = [...vus]
  const running = new Set<Promise<unknown>>()
  let isGrowing = false
  let hasWarned = false

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
      await pool.grow(1)
      const [vu] = pool.take(1)
      vus.push(vu!)
      idle.push(vu!)
    } finally {
      isGrowing = false
    }
  }

  const follow = async () => {
    let growing: Promise<void> = Promise.resolve()
    for (const tick of ticks) {
      const atMs = run.startTimeMs + tick.offsetMs
      if (atMs > endTimeMs) break
      if (atMs > clock.now()) await clock.until(atMs, stop)
      if (stop.aborted || clock.now() > endTimeMs) break
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
    pool.release(vus)
  }
}

const stripingOf = (run: ArrivalRun): Striping => stripingFor(run.striping, run.config.maxVUs) ?? run.striping

export const runConstantArrivalRate = (run: ScenarioRun<ConstantArrivalRateConfig>): Promise<void> =>
  runTicks(run, constantArrivalTicks(run.config, stripingOf(run)))

export const runRampingArrivalRate = (run: ScenarioRun<RampingArrivalRateConfig>): Promise<void> =>
  runTicks(run, rampingArrivalTicks(run.config, stripingOf(run)))

/** The executors that begin iterations at given times, whatever became of the earlier ones. */
import { TickCursor } from '../arrival-queue.js'
import type { ConstantArrivalRateConfig, RampingArrivalRateConfig } from '../options/scenario.js'
import { arrivalTicks, lastStartMs, lateStartMs } from '../plan/arrival.js'
import { regularDurationMs } from '../plan/requirements.js'
import { scale } from '../plan/segment.js'
import type { VuHandle } from '../vu-handle.js'
import { type ScenarioRun, untilGracefulEnd } from './executor.js'

type ArrivalRun = ScenarioRun<ConstantArrivalRateConfig | RampingArrivalRateConfig>

/** How long to drop iterations in a row before others have their turn in this thread. */
const longestTurnMs = 5
/** How long after the end to go on counting what was not begun: at some rates there is no end of it. */
const giveUpMs = 2000
/** How long to wait for a thread to take an iteration that is due, before looking again. */
const lookAgainMs = 1

/** VUs begin the iterations by themselves, see arrival-queue.ts. What is left for this thread is what no VU is free for. */
export async function runArrivalRate(run: ArrivalRun): Promise<void> {
  const { config, clock, counters, index, pool, stop } = run
  const most = scale(run.striping, config.maxVUs)
  const endTimeMs = run.startTimeMs + regularDurationMs(config)
  const vus: VuHandle[] = []
  const loops: Promise<unknown>[] = []
  let isGrowing = false
  let hasWarned = false

  const add = (more: readonly VuHandle[]) => {
    for (const vu of more) {
      vus.push(vu)
      // From now on, and not only when its thread knows of it: what is due meanwhile is late and not dropped.
      counters.addFor(index, 'idle', 1)
      const loop = vu.loop({ scenario: index, scenarioStartMs: run.startTimeMs, endTimeMs, isByArrival: true })
      loop.catch(() => {})
      loops.push(loop)
    }
    run.allocatedVus = vus.length
  }

  /** One more VU, in the background; the iteration that lacked it is lost all the same. */
  const grow = async () => {
    isGrowing = true
    try {
      add(await pool.takeUnplanned(stop))
    } catch (e) {
      // As in k6: the iterations that lack it are dropped, and the next of them tries again.
      if (!stop.aborted) run.error('Error while allocating unplanned VU', e)
    } finally {
      isGrowing = false
    }
  }

  const ticks = new TickCursor(arrivalTicks(config, run.striping), counters, index)
  const lastMs = lastStartMs(config, endTimeMs)
  /** When the next iteration is due; undefined when there is none left. */
  const nextMs = () => {
    const offsetMs = ticks.offsetMs
    const atMs = offsetMs === undefined ? endTimeMs : run.startTimeMs + offsetMs
    return atMs < endTimeMs ? atMs : undefined
  }

  /** Drops what is due and cannot begin: no VU is idle, or those that are were not allowed to run for too long. */
  const dropDue = () => {
    const untilMs = clock.now() + longestTurnMs
    let count = 0
    let isShortOfVus = false
    for (let atMs = nextMs(); atMs !== undefined; atMs = nextMs()) {
      const now = clock.now()
      const isIdle = counters.getFor(index, 'idle') > 0
      if (atMs > now || now > untilMs || (isIdle && now < Math.min(atMs + lateStartMs, lastMs))) break
      if (!ticks.take()) continue
      count++
      isShortOfVus ||= !isIdle
    }
    return { count, isShortOfVus }
  }

  const follow = async () => {
    let growing: Promise<void> = Promise.resolve()
    for (let atMs = nextMs(); atMs !== undefined; atMs = nextMs()) {
      if (atMs > clock.now()) await clock.until(atMs, stop)
      if (stop.aborted || clock.now() > endTimeMs + giveUpMs) break
      const { count, isShortOfVus } = dropDue()
      if (count > 0) run.dropped(count)
      if (isShortOfVus && vus.length < most) {
        if (!isGrowing) growing = grow()
      } else if (isShortOfVus && !hasWarned) {
        hasWarned = true
        run.warn(`Insufficient VUs, reached ${vus.length} active VUs and cannot initialize more`)
      }
      if (count > 0) await new Promise((resolve) => setImmediate(resolve))
      else if (atMs === nextMs()) await clock.until(clock.now() + lookAgainMs, stop)
    }
    await clock.until(endTimeMs, stop)
    await growing
    await Promise.all(loops)
  }

  add(await pool.take(scale(run.striping, config.preAllocatedVUs), stop))
  try {
    await untilGracefulEnd(run, vus, endTimeMs, follow())
  } finally {
    run.allocatedVus = 0
    pool.release(vus)
  }
}

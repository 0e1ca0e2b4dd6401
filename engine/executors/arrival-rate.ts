/** The executors that begin iterations at given times, whatever became of the earlier ones. */
import { TickCursor } from '../arrival-queue.js'
import type { ConstantArrivalRateConfig, RampingArrivalRateConfig } from '../options/scenario.js'
import { arrivalTicks, lastStartMs } from '../plan/arrival.js'
import { regularDurationMs } from '../plan/requirements.js'
import { scale } from '../plan/segment.js'
import type { VuHandle } from '../vu-pool.js'
import { type ScenarioRun, untilGracefulEnd } from './executor.js'

type ArrivalRun = ScenarioRun<ConstantArrivalRateConfig | RampingArrivalRateConfig>

/** How long to drop iterations in a row before others have their turn in this thread. */
const longestTurnMs = 5
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
      const loop = vu.loop({ scenario: index, scenarioStartMs: run.startTimeMs, endTimeMs })
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
      run.error('Error while allocating unplanned VU', e)
    } finally {
      isGrowing = false
    }
  }

  const follow = async () => {
    const cursor = new TickCursor(arrivalTicks(config, run.striping), counters, index)
    const lastMs = lastStartMs(config, endTimeMs)
    let pausedAtMs = 0
    let growing: Promise<void> = Promise.resolve()
    for (let offsetMs = cursor.offsetMs; offsetMs !== undefined; offsetMs = cursor.offsetMs) {
      const atMs = run.startTimeMs + offsetMs
      if (atMs >= endTimeMs) break
      if (atMs > clock.now()) {
        await clock.until(atMs, stop)
        pausedAtMs = clock.now()
      }
      if (stop.aborted || clock.now() >= lastMs) break
      if (counters.getFor(index, 'idle') > 0) {
        await clock.until(clock.now() + lookAgainMs, stop)
        continue
      }
      if (clock.now() - pausedAtMs > longestTurnMs) {
        await new Promise((resolve) => setImmediate(resolve))
        pausedAtMs = clock.now()
        continue
      }
      if (!cursor.take()) continue
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

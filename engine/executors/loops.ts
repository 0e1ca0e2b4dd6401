/** The executors whose VUs iterate on their own until a count or a time: shared-iterations, per-vu-iterations, constant-vus. */
import type { ConstantVUsConfig, PerVUIterationsConfig, SharedIterationsConfig } from '../options/scenario.js'
import { ownIterations } from '../plan/requirements.js'
import { scale } from '../plan/segment.js'
import type { LoopRequest } from '../thread-protocol.js'
import { type ScenarioRun, untilGracefulEnd } from './executor.js'

/** Lets `count` VUs loop with the same request; answers the iterations of each. */
async function loopAll(
  run: ScenarioRun,
  count: number,
  durationMs: number,
  limits: Pick<LoopRequest, 'iterations' | 'sharedIterations'>,
): Promise<Map<number, number>> {
  const vus = await run.pool.take(count, run.stop)
  const endTimeMs = run.startTimeMs + durationMs
  const request = { scenario: run.index, scenarioStartMs: run.startTimeMs, endTimeMs, ...limits }
  const made = new Map<number, number>()
  try {
    const loops = vus.map(async (vu) => made.set(vu.id, await vu.loop(request)))
    await untilGracefulEnd(run, vus, endTimeMs, Promise.all(loops))
    return made
  } finally {
    run.pool.release(vus)
  }
}

export async function runSharedIterations(run: ScenarioRun<SharedIterationsConfig>): Promise<void> {
  const total = ownIterations(run.config, run.striping)
  await loopAll(run, scale(run.striping, run.config.vus), run.config.maxDurationMs, { sharedIterations: total })
  const left = total - run.counters.getFor(run.index, 'started')
  if (left > 0 && !run.stop.aborted) run.dropped(left)
}

export async function runPerVuIterations(run: ScenarioRun<PerVUIterationsConfig>): Promise<void> {
  const { iterations, maxDurationMs } = run.config
  const made = await loopAll(run, scale(run.striping, run.config.vus), maxDurationMs, { iterations })
  if (run.stop.aborted) return
  for (const [vu, count] of made) if (count < iterations) run.dropped(iterations - count, vu)
}

export async function runConstantVus(run: ScenarioRun<ConstantVUsConfig>): Promise<void> {
  await loopAll(run, scale(run.striping, run.config.vus), run.config.durationMs, {})
}

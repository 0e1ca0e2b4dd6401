/**
 * What stands to the right of a scenario's progress bar, for each executor, and how far the bar is. Pure.
 */

import { formatDuration } from '../go/duration.js'
import { fixedDecimal, fixedDuration, fixedInteger } from './fixed-length.js'

interface Timed {
  /** Since the scenario began. */
  readonly elapsedMs: number
  /** Its regular length: the duration, the maximum duration, or all stages together. */
  readonly durationMs: number
}

/** How far an executor is, by k6's name for it. */
export type ExecutorProgress = Timed &
  (
    | { readonly executor: 'constant-vus'; readonly vus: number }
    | {
        readonly executor: 'shared-iterations'
        readonly vus: number
        readonly doneIterations: number
        readonly iterations: number
      }
    | {
        readonly executor: 'per-vu-iterations'
        readonly vus: number
        readonly doneIterations: number
        readonly iterationsPerVu: number
      }
    | { readonly executor: 'ramping-vus'; readonly activeVus: number; readonly maxVus: number }
    | {
        readonly executor: 'constant-arrival-rate' | 'ramping-arrival-rate'
        /** VUs that run an iteration now. */
        readonly runningVus: number
        /** VUs that are ready or running. */
        readonly activeVus: number
        readonly maxVus: number
        /** The rate now. */
        readonly iterationsPerSecond: number
        /** The highest rate there will be. */
        readonly maxIterationsPerSecond: number
      }
  )

/** The length of a bar, from 0 to 1, and the texts beside it. */
export interface ExecutorColumns {
  readonly share: number
  readonly right: readonly string[]
}

/** How an executor's progress is shown. */
export function executorColumns(progress: ExecutorProgress): ExecutorColumns {
  const { elapsedMs, durationMs } = progress
  const isOver = elapsedMs > durationMs
  const whole = formatDuration(durationMs)
  const running = `${fixedDuration(elapsedMs, durationMs)}/${whole}`
  const timeShare = isOver ? 1 : shareOf(elapsedMs, durationMs)
  switch (progress.executor) {
    case 'constant-vus':
      return { share: timeShare, right: [`${progress.vus} VUs`, isOver ? whole : running] }
    case 'shared-iterations': {
      const { vus, doneIterations, iterations } = progress
      const done = `${fixedInteger(doneIterations, iterations)}/${iterations} shared iters`
      return { share: shareOf(doneIterations, iterations), right: [`${vus} VUs`, running, done] }
    }
    case 'per-vu-iterations': {
      const { vus, doneIterations, iterationsPerVu } = progress
      const total = vus * iterationsPerVu
      const done = `${fixedInteger(doneIterations, total)}/${total} iters, ${iterationsPerVu} per VU`
      return {
        share: isOver ? 1 : shareOf(doneIterations, total),
        right: [`${vus} VUs`, isOver ? whole : running, done],
      }
    }
    case 'ramping-vus': {
      const vus = `${fixedInteger(progress.activeVus, progress.maxVus)}/${progress.maxVus} VUs`
      const time = `${fixedDuration(elapsedMs, durationMs)}/${fixedDuration(durationMs, durationMs)}`
      return { share: timeShare, right: [vus, isOver ? whole : time] }
    }
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate': {
      const { runningVus, activeVus, maxVus } = progress
      const vus = `${fixedInteger(runningVus, maxVus)}/${fixedInteger(activeVus, maxVus)} VUs`
      const rate = fixedDecimal(progress.iterationsPerSecond, progress.maxIterationsPerSecond, 2)
      return { share: timeShare, right: [vus, isOver ? whole : running, `${rate} iters/s`] }
    }
  }
}

/** What is shown of a scenario that has not begun. */
export function waitingColumns(remainingMs: number, startTimeMs: number): ExecutorColumns {
  return { share: 0, right: ['waiting', fixedDuration(remainingMs, startTimeMs)] }
}

function shareOf(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, part / whole) : 1
}

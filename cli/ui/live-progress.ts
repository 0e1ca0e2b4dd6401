/** Draws how far a run is while it goes on: the state of the engine in the terms of report/progress.ts. */

import type { ScenarioConfig } from '../../engine/options/scenario.js'
import { ownIterations, regularDurationMs } from '../../engine/plan/requirements.js'
import { type Striping, scale } from '../../engine/plan/segment.js'
import type { PreparedRun } from '../../engine/prepare-run.js'
import type { Run, ScenarioProgress } from '../../engine/run.js'
import { type ExecutorProgress, executorColumns, waitingColumns } from '../../report/executor-columns.js'
import { ProgressPrinter, type ProgressState, progressPeriodMs } from '../../report/progress.js'
import type { RunSettings } from '../settings.js'
import type { StreamTarget } from './log.js'

export class LiveProgress {
  readonly #test: Run
  readonly #prepared: PreparedRun
  readonly #isShown: boolean
  readonly #printer: ProgressPrinter
  #timer: NodeJS.Timeout | undefined
  #isFinished = false

  constructor(test: Run, prepared: PreparedRun, settings: RunSettings, target: StreamTarget | undefined) {
    this.#test = test
    this.#prepared = prepared
    this.#isShown = !settings.isQuiet
    this.#printer = new ProgressPrinter(process.stdout, () => ({
      isTty: process.stdout.isTTY === true,
      hasColor: !settings.noColor,
      // A terminal that does not know its width says 0.
      columns: process.stdout.columns || 80,
    }))
    // On a terminal, log lines push the frame down instead of mixing with it.
    if (this.#isShown && process.stdout.isTTY && target?.stream.isTTY) {
      target.writeAbove = (stream, text) => this.#printer.writeAbove(stream, text)
    }
  }

  start(): void {
    if (!this.#isShown) return
    const periodMs = process.stdout.isTTY ? progressPeriodMs.terminal : progressPeriodMs.plain
    this.#timer = setInterval(() => this.#printer.draw(this.#state()), periodMs)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#printer.clear()
  }

  /** The last frame, below everything else. */
  finish(): void {
    this.stop()
    if (!this.#isShown || this.#isFinished || this.#test.phase === 'init') return
    this.#isFinished = true
    this.#printer.finish(this.#state())
  }

  #state(): ProgressState {
    const { activeVus, completed, elapsedMs, initializedVus, interrupted, phase, scenarios } = this.#test.progress
    const { plan } = this.#prepared
    if (elapsedMs === undefined && phase !== 'paused') {
      const share = plan.maxPlannedVUs === 0 ? 1 : initializedVus / plan.maxPlannedVUs
      return {
        head: { name: 'Init', share, right: [`${initializedVus}/${plan.maxPlannedVUs} VUs initialized`] },
        scenarios: [],
      }
    }
    return {
      head: {
        isPaused: phase === 'paused',
        ...(elapsedMs === undefined ? {} : { elapsedMs }),
        maxDurationMs: plan.maxDurationMs,
        activeVus,
        initializedVus,
        maxVus: plan.maxPossibleVUs,
        completeIterations: completed,
        interruptedIterations: interrupted,
      },
      scenarios: scenarios.map((progress, index) => {
        const config = plan.scenarios[index]!
        const columns =
          progress.status === 'waiting'
            ? waitingColumns(-progress.elapsedMs, config.startTimeMs)
            : executorColumns(columnsOf(config, progress, plan.striping))
        return { name: config.name, status: progress.status, ...columns }
      }),
    }
  }
}

function columnsOf(config: ScenarioConfig, progress: ScenarioProgress, striping: Striping): ExecutorProgress {
  const timed = { elapsedMs: Math.max(0, progress.elapsedMs), durationMs: regularDurationMs(config) }
  const doneIterations = progress.completed + progress.interrupted
  switch (config.executor) {
    case 'shared-iterations':
      return {
        executor: config.executor,
        ...timed,
        vus: scale(striping, config.vus),
        doneIterations,
        iterations: ownIterations(config, striping),
      }
    case 'per-vu-iterations':
      return {
        executor: config.executor,
        ...timed,
        vus: scale(striping, config.vus),
        doneIterations,
        iterationsPerVu: config.iterations,
      }
    case 'constant-vus':
      return { executor: config.executor, ...timed, vus: scale(striping, config.vus) }
    case 'ramping-vus':
      return {
        executor: config.executor,
        ...timed,
        activeVus: progress.activeVus,
        maxVus: Math.max(scale(striping, config.startVUs), ...config.stages.map((s) => scale(striping, s.target))),
      }
    case 'constant-arrival-rate':
    case 'ramping-arrival-rate': {
      const perSecond = (rate: number) => (rate * 1000) / config.timeUnitMs
      const rates = config.executor === 'constant-arrival-rate' ? [config.rate] : rampRates(config)
      const now = config.executor === 'constant-arrival-rate' ? config.rate : rateAt(config, timed.elapsedMs)
      return {
        executor: config.executor,
        ...timed,
        runningVus: progress.activeVus,
        activeVus: progress.allocatedVus,
        maxVus: scale(striping, config.maxVUs),
        iterationsPerSecond: perSecond(now),
        maxIterationsPerSecond: perSecond(Math.max(...rates)),
      }
    }
  }
}

interface Ramp {
  startRate: number
  stages: readonly { durationMs: number; target: number }[]
}

const rampRates = ({ startRate, stages }: Ramp): number[] => [startRate, ...stages.map((stage) => stage.target)]

function rateAt({ startRate, stages }: Ramp, elapsedMs: number): number {
  let from = startRate
  let rest = elapsedMs
  for (const { durationMs, target } of stages) {
    if (rest < durationMs) return from + ((target - from) * rest) / durationMs
    rest -= durationMs
    from = target
  }
  return from
}

/**
 * When the arrival-rate executors start iterations: pure sequences of moments, in ms after the start of the scenario. A
 * process that runs a segment of the test takes its own ticks out of the global ones.
 */
import { nanosecondsOf } from '../../go/duration.js'
import type { ConstantArrivalRateConfig, RampingArrivalRateConfig } from '../options/scenario.js'
import { iterationStriping } from './requirements.js'
import { globalIndex, type Striping } from './segment.js'

/** A moment to start an iteration. */
export interface Tick {
  readonly offsetMs: number
  /** The number of the iteration in the whole test, from 0. */
  readonly index: number
}

/** The ticks of our part of a scenario, in their order. */
export function arrivalTicks(
  config: ConstantArrivalRateConfig | RampingArrivalRateConfig,
  striping: Striping,
): Iterable<Tick> {
  const own = iterationStriping(config, striping)
  return config.executor === 'constant-arrival-rate'
    ? constantArrivalTicks(config, own)
    : rampingArrivalTicks(config, own)
}

/**
 * How late an iteration may begin, also when it was due before the end of the scenario: on a busy machine some always are a
 * little late. What is later still is dropped, so that a machine that cannot keep up says so.
 */
export const lateStartMs = 500

/** The moment from which on no iteration begins: never after everything is interrupted. */
export function lastStartMs(config: { gracefulStopMs: number }, endTimeMs: number): number {
  return endTimeMs + Math.min(lateStartMs, config.gracefulStopMs)
}

/**
 * The ticks of a constant rate: one each period from 0 on, without an end; the caller stops at the duration.
 *
 * @param striping the one for the VUs of the scenario: `stripingFor(striping, config.maxVUs)`
 */
export function* constantArrivalTicks(config: ConstantArrivalRateConfig, striping: Striping): Generator<Tick> {
  // cut to whole nanoseconds, as Go does, so that ticks are a little early rather than late
  const periodNs = Math.trunc(Number(nanosecondsOf(config.timeUnitMs)) / config.rate)
  for (let position = 0; ; position++) {
    const index = globalIndex(striping, position)
    yield { offsetMs: (periodNs * index) / 1e6, index }
  }
}

/**
 * The ticks of a changing rate: iteration i (from 1) starts when the area under the rate reaches i. Ends with the stages.
 *
 * @param striping the one for the VUs of the scenario: `stripingFor(striping, config.maxVUs)`
 */
export function* rampingArrivalTicks(config: RampingArrivalRateConfig, striping: Striping): Generator<Tick> {
  const timeUnitNs = Number(nanosecondsOf(config.timeUnitMs))
  let from = config.startRate / timeUnitNs
  let stageStartNs = 0
  let areaBefore = 0
  let position = 0
  for (const stage of config.stages) {
    const to = stage.target / timeUnitNs
    const durationNs = Number(nanosecondsOf(stage.durationMs))
    const area = areaBefore + (from === to ? durationNs * to : durationNs * ((to - from) / 2 + from))
    for (;;) {
      const index = globalIndex(striping, position)
      const due = index + 1 - areaBefore
      if (!(index + 1 <= area)) break
      const offsetNs = from === to ? due / to : rampOffsetNs(from, to, durationNs, due)
      yield { offsetMs: (Math.trunc(offsetNs) + stageStartNs) / 1e6, index }
      position++
    }
    areaBefore = area
    from = to
    stageStartNs += durationNs
  }
}

/** When the area under a rate that goes from `from` to `to` (both per ns) reaches `due`, in ns after the stage began. */
function rampOffsetNs(from: number, to: number, durationNs: number, due: number): number {
  // rounding can push what is under the root a hair below zero at the end of a ramp down to no rate
  const root = Math.sqrt(Math.max(0, durationNs * (from * from * durationNs + 2 * due * (to - from))))
  return (from * durationNs - root) / (from - to)
}

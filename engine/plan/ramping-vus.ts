/**
 * How many VUs a ramping-vus scenario has at what time: the steps by the stages alone, and the VUs that must be kept for
 * iterations that may still be finishing. Pure.
 */
import { millisecondsOf, nanosecondsOf, sumMs } from '../../go/duration.js'
import type { RampingVUsConfig } from '../options/scenario.js'
import { globalIndex, type Striping, scale } from './segment.js'

/** From `offsetMs` after the start of the scenario on there are `vus` VUs. */
export interface VUStep {
  readonly offsetMs: number
  readonly vus: number
}

/** How long all stages take together, in ms. */
export function stagesDurationMs(stages: readonly { readonly durationMs: number }[]): number {
  return sumMs(...stages.map((stage) => stage.durationMs))
}

/**
 * The steps that the stages ask for, each different from the one before; the first is at 0.
 *
 * @param endsAtZero true to add a step to no VUs at the end of the last stage
 */
export function rampingVUsSteps(config: RampingVUsConfig, striping: Striping, endsAtZero: boolean): VUStep[] {
  const steps: VUStep[] = [{ offsetMs: 0, vus: scale(striping, config.startVUs) }]
  let last = steps[0]?.vus ?? 0
  const add = (offsetNs: bigint, vus: number) => {
    if (vus === last) return
    steps.push({ offsetMs: millisecondsOf(offsetNs), vus })
    last = vus
  }
  let from = config.startVUs
  let endNs = 0n
  for (const { durationMs, target } of config.stages) {
    const durationNs = nanosecondsOf(durationMs)
    endNs += durationNs
    const change = BigInt(target - from)
    if (change === 0n) continue
    // the moment at which the whole test has `total` VUs, cut to a nanosecond towards the end of the stage
    const reaches = (total: number) => endNs - (durationNs * BigInt(target - total)) / change
    if (durationNs === 0n) add(endNs, scale(striping, target))
    else if (target > from) {
      for (let vu = scale(striping, from); vu < scale(striping, target); vu++) {
        add(reaches(globalIndex(striping, vu) + 1), vu + 1)
      }
    } else {
      for (let vu = scale(striping, from) - 1; vu >= scale(striping, target); vu--) {
        add(reaches(globalIndex(striping, vu)), vu)
      }
    }
    from = target
  }
  if (endsAtZero) add(endNs, 0)
  return steps
}

/**
 * The steps with the VUs that a scenario must be able to have: a VU that is told to stop may run on for the graceful
 * ramp-down, and after the last stage for the graceful stop.
 */
export function reservedVUsSteps(config: RampingVUsConfig, striping: Striping): VUStep[] {
  const raw = rampingVUsSteps(config, striping, false)
  const endMs = sumMs(stagesDurationMs(config.stages), config.gracefulStopMs)
  const steps = config.gracefulRampDownMs > 0 ? withRampDowns(raw, config.gracefulRampDownMs, endMs) : raw
  if (steps.at(-1)?.vus !== 0) steps.push({ offsetMs: endMs, vus: 0 })
  return steps
}

/**
 * Puts every step down off by the graceful ramp-down. A step down that is made good again before it would take effect
 * never happens.
 */
function withRampDowns(raw: readonly VUStep[], gracefulRampDownMs: number, endMs: number): VUStep[] {
  const steps: VUStep[] = []
  const nextNotBelow = followingNotBelow(raw)
  let index = 0
  let reserved = -1
  while (index < raw.length) {
    const step = raw[index]
    if (step === undefined) break
    if (step.vus > reserved) {
      steps.push(step)
      reserved = step.vus
      index++
      continue
    }
    if (step.vus === reserved) {
      index++
      continue
    }
    const offsetMs = sumMs(step.offsetMs, gracefulRampDownMs)
    const back = nextNotBelow(index, reserved, offsetMs)
    if (back !== undefined) {
      index = back
      continue
    }
    if (offsetMs >= endMs) break
    steps.push({ offsetMs, vus: step.vus })
    reserved = step.vus
    index++
  }
  return steps
}

/** Finds the first step from `index` on that has at least `vus` VUs and is not after `untilMs`, by hops over lower ones. */
function followingNotBelow(
  raw: readonly VUStep[],
): (index: number, vus: number, untilMs: number) => number | undefined {
  // for each step the next one with more VUs, found from the end: a search step by step would be quadratic on big ramps
  const nextHigher = new Int32Array(raw.length).fill(raw.length)
  for (let index = raw.length - 2; index >= 0; index--) {
    let next = index + 1
    while (next < raw.length && (raw[next]?.vus ?? 0) <= (raw[index]?.vus ?? 0)) next = nextHigher[next] ?? raw.length
    nextHigher[index] = next
  }
  return (index, vus, untilMs) => {
    let next = index
    for (let step = raw[next]; step !== undefined && step.offsetMs <= untilMs; step = raw[next]) {
      if (step.vus >= vus) return next
      next = nextHigher[next] ?? raw.length
    }
    return undefined
  }
}

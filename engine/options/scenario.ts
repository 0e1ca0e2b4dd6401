/**
 * Scenarios: what a script may say about one, and the complete configuration with defaults that executors work from. Knows
 * nothing of other options, and nothing of how a scenario runs.
 */
import type { JsonValue } from './json-reader.js'

export const executorNames = [
  'shared-iterations',
  'per-vu-iterations',
  'constant-vus',
  'ramping-vus',
  'constant-arrival-rate',
  'ramping-arrival-rate',
] as const
export type ExecutorName = (typeof executorNames)[number]

/** A stage as written: each part may be missing until it is validated. */
export interface StageSpec {
  readonly durationMs?: number
  readonly target?: number
}

/** A scenario as written; undefined is what was not said. Which fields it may have depends on the executor. */
export interface ScenarioSpec {
  readonly executor: ExecutorName
  startTimeMs?: number
  gracefulStopMs?: number
  env?: ReadonlyMap<string, string>
  exec?: string
  tags?: ReadonlyMap<string, string>
  /** What stood at `options`, where k6 has browser settings; kept for display only. */
  options?: JsonValue
  vus?: number
  iterations?: number
  maxDurationMs?: number
  durationMs?: number
  startVUs?: number
  stages?: readonly StageSpec[]
  gracefulRampDownMs?: number
  rate?: number
  startRate?: number
  timeUnitMs?: number
  preAllocatedVUs?: number
  maxVUs?: number
}

/** A stage of a ramp: how long it takes to get to `target`. */
export interface Stage {
  readonly durationMs: number
  readonly target: number
}

/** What every scenario has. */
interface ScenarioBase {
  readonly name: string
  readonly startTimeMs: number
  readonly gracefulStopMs: number
  /** Name of the exported function that is an iteration. */
  readonly exec: string
  /** False when `exec` is the default; descriptions leave it out then. */
  readonly hasExec: boolean
  readonly env: ReadonlyMap<string, string>
  readonly tags: ReadonlyMap<string, string>
}

export interface SharedIterationsConfig extends ScenarioBase {
  readonly executor: 'shared-iterations'
  readonly vus: number
  readonly iterations: number
  readonly maxDurationMs: number
}

export interface PerVUIterationsConfig extends ScenarioBase {
  readonly executor: 'per-vu-iterations'
  readonly vus: number
  /** Of each VU; never scaled by execution segments. */
  readonly iterations: number
  readonly maxDurationMs: number
}

export interface ConstantVUsConfig extends ScenarioBase {
  readonly executor: 'constant-vus'
  readonly vus: number
  readonly durationMs: number
}

export interface RampingVUsConfig extends ScenarioBase {
  readonly executor: 'ramping-vus'
  readonly startVUs: number
  readonly stages: readonly Stage[]
  readonly gracefulRampDownMs: number
}

export interface ConstantArrivalRateConfig extends ScenarioBase {
  readonly executor: 'constant-arrival-rate'
  /** Iterations started in each `timeUnitMs`. */
  readonly rate: number
  readonly timeUnitMs: number
  readonly durationMs: number
  readonly preAllocatedVUs: number
  readonly maxVUs: number
}

export interface RampingArrivalRateConfig extends ScenarioBase {
  readonly executor: 'ramping-arrival-rate'
  /** Iterations started in each `timeUnitMs` when the first stage begins. */
  readonly startRate: number
  readonly timeUnitMs: number
  readonly stages: readonly Stage[]
  readonly preAllocatedVUs: number
  readonly maxVUs: number
}

/** A scenario with all defaults applied, in the terms of its executor. */
export type ScenarioConfig =
  | SharedIterationsConfig
  | PerVUIterationsConfig
  | ConstantVUsConfig
  | RampingVUsConfig
  | ConstantArrivalRateConfig
  | RampingArrivalRateConfig

/** What scenarios have where they say nothing. */
const defaults = { gracefulStopMs: 30_000, gracefulRampDownMs: 30_000, maxDurationMs: 600_000, timeUnitMs: 1_000 }

/** The scenario with every default applied, also where it is not valid: `scenarioProblems` tells. */
export function resolveScenario(name: string, spec: ScenarioSpec): ScenarioConfig {
  const base: ScenarioBase = {
    name,
    startTimeMs: spec.startTimeMs ?? 0,
    gracefulStopMs: spec.gracefulStopMs ?? defaults.gracefulStopMs,
    exec: spec.exec || 'default',
    hasExec: spec.exec !== undefined,
    env: spec.env ?? new Map(),
    tags: spec.tags ?? new Map(),
  }
  const stages = (spec.stages ?? []).map((stage) => ({
    durationMs: stage.durationMs ?? 0,
    target: stage.target ?? 0,
  }))
  const preAllocatedVUs = spec.preAllocatedVUs ?? 0
  const arrival = {
    timeUnitMs: spec.timeUnitMs ?? defaults.timeUnitMs,
    preAllocatedVUs,
    maxVUs: spec.maxVUs ?? preAllocatedVUs,
  }
  const iterations = {
    vus: spec.vus ?? 1,
    iterations: spec.iterations ?? 1,
    maxDurationMs: spec.maxDurationMs ?? defaults.maxDurationMs,
  }
  switch (spec.executor) {
    case 'shared-iterations':
      return { ...base, executor: spec.executor, ...iterations }
    case 'per-vu-iterations':
      return { ...base, executor: spec.executor, ...iterations }
    case 'constant-vus':
      return { ...base, executor: spec.executor, vus: spec.vus ?? 1, durationMs: spec.durationMs ?? 0 }
    case 'ramping-vus': {
      const gracefulRampDownMs = spec.gracefulRampDownMs ?? defaults.gracefulRampDownMs
      return { ...base, executor: spec.executor, startVUs: spec.startVUs ?? 1, stages, gracefulRampDownMs }
    }
    case 'constant-arrival-rate':
      return { ...base, executor: spec.executor, rate: spec.rate ?? 0, durationMs: spec.durationMs ?? 0, ...arrival }
    case 'ramping-arrival-rate':
      return { ...base, executor: spec.executor, startRate: spec.startRate ?? 0, stages, ...arrival }
  }
}

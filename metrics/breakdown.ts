/**
 * The full summary's view of a run: its metrics and checks again, but apart for each scenario and each group.
 * Costs a second copy of the samples, so it is only kept when the full summary is asked for.
 */
import { CheckCount } from './group-tree.js'
import type { Metric } from './metric.js'
import { type MetricSink, newSink, type Sink } from './sink.js'
import type { TagSet } from './tag-set.js'
import type { TrendBudget } from './trend-sink.js'

/** One metric as one part of the run saw it. */
export interface MetricPart {
  readonly metric: Metric
  readonly sink: MetricSink
}

/** What one scenario, or one group, had. */
export class RunPart {
  readonly metrics = new Map<string, MetricPart>()
  /** By name only: the text shows a check of one name once. */
  readonly checks = new Map<string, CheckCount>()
  /** By name, in the order first seen. */
  readonly groups = new Map<string, RunPart>()

  /** The sinks that samples of the metric with these tags go to. */
  sinksFor(metric: Metric, tags: TagSet, budget: TrendBudget): Sink[] {
    const part = getOrMake(this.metrics, metric.name, () => ({ metric, sink: newSink(metric.type, budget) }))
    const check = metric.name === 'checks' ? tags.get('check') : undefined
    if (check === undefined) return [part.sink]
    return [part.sink, getOrMake(this.checks, check, () => new CheckCount(check, ''))]
  }
}

/** The parts of a run: so many, as scenarios and groups are tags that a script can set. What has none is in the whole only. */
export class Breakdown {
  /** Groups of the scenario `default`, in the order first seen. Its own metrics are those of the whole run. */
  readonly root = new RunPart()
  /** Every other scenario. */
  readonly scenarios = new Map<string, RunPart>()

  #left: number

  constructor(maxParts: number) {
    this.#left = maxParts
  }

  #part(parts: Map<string, RunPart>, name: string): RunPart | undefined {
    const known = parts.get(name)
    if (known !== undefined || this.#left === 0) return known
    this.#left--
    const part = new RunPart()
    parts.set(name, part)
    return part
  }

  /** The sinks of all parts that samples of this series go to. */
  sinksFor(metric: Metric, tags: TagSet, budget: TrendBudget): Sink[] {
    const sinks: Sink[] = []
    const scenario = tags.get('scenario')
    let part: RunPart | undefined = this.root
    if (scenario !== undefined && scenario !== 'default') {
      part = this.#part(this.scenarios, scenario)
      if (part === undefined) return sinks
      sinks.push(...part.sinksFor(metric, tags, budget))
    }
    const path = tags.get('group')?.replace(/^::/, '') ?? ''
    const names = path.split('::')
    // The groups around setup() and teardown() are k6's own and have no place in the summary, nor has what is in them.
    if (path === '' || names[0] === 'setup' || names[0] === 'teardown') return sinks
    for (const name of names) {
      part = this.#part(part.groups, name)
      if (part === undefined) return sinks
    }
    // A group has its own samples only, not those of the groups inside it.
    sinks.push(...part.sinksFor(metric, tags, budget))
    return sinks
  }
}

function getOrMake<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key)
  if (value === undefined) {
    value = make()
    map.set(key, value)
  }
  return value
}

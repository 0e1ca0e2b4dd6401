/** What the REST API shows, as documents of JSON:API in the shapes of k6's. Pure: reads the run and makes plain data. */
import type { Run, RunPhase } from '../../engine/run.js'
import type { Group } from '../../metrics/group-tree.js'
import type { MetricSink } from '../../metrics/sink.js'
import type { StoredMetric } from '../../metrics/store.js'

/** One resource of JSON:API. */
export interface Resource {
  readonly type: string
  readonly id: string
  readonly attributes: object
  readonly relationships?: object
}

const phaseCodes: Record<RunPhase, number> = { init: 1, paused: 4, setup: 6, run: 7, teardown: 8, ended: 9 }
const interruptedCode = 10
const failedCode = 11

function statusCode(run: Run): number {
  if (run.phase !== 'ended') return phaseCodes[run.phase]
  if (run.isStopping) return interruptedCode
  return run.isMarkedFailed ? failedCode : phaseCodes.ended
}

export function statusResource(run: Run): Resource {
  const metrics = run.store.observed()
  return {
    type: 'status',
    id: 'default',
    attributes: {
      status: statusCode(run),
      paused: run.isPaused,
      vus: run.progress.activeVus,
      'vus-max': run.progress.initializedVus,
      stopped: run.isStopping,
      running: ['setup', 'run', 'teardown'].includes(run.phase),
      tainted: metrics.some((metric) => isTainted(run, metric) === true),
    },
  }
}

/** Whether a threshold of the metric is crossed; null for a metric without thresholds. */
function isTainted(run: Run, { name }: StoredMetric): boolean | null {
  const thresholds = run.thresholds.of(name)
  return thresholds.length === 0 ? null : thresholds.some((threshold) => threshold.hasFailed)
}

export function metricResource(run: Run, stored: StoredMetric): Resource {
  const { type, contains } = stored.metric
  const sample = sampleOf(stored.sink, run.progress.elapsedMs ?? 0)
  return { type: 'metrics', id: stored.name, attributes: { type, contains, tainted: isTainted(run, stored), sample } }
}

function sampleOf(sink: MetricSink, elapsedMs: number): Record<string, number> {
  switch (sink.type) {
    case 'counter':
      return { count: sink.sum, rate: sink.ratePerSecond(elapsedMs) }
    case 'gauge':
      return { value: sink.value }
    case 'rate':
      return { rate: sink.rate }
    case 'trend':
      return {
        avg: sink.avg,
        max: sink.max,
        med: sink.percentile(50),
        min: sink.min,
        'p(90)': sink.percentile(90),
        'p(95)': sink.percentile(95),
      }
  }
}

/** A group and all groups in it. */
export function groupResources(group: Group, parent?: Group): Resource[] {
  const children = [...group.groups.values()]
  const identify = ({ id }: Group) => ({ type: 'groups', id })
  const checks = [...group.checks.values()].map(({ name, path, id, passes, fails }) => ({
    path,
    id,
    name,
    passes,
    fails,
  }))
  const own: Resource = {
    ...identify(group),
    attributes: { path: group.path, name: group.name, checks: checks.length === 0 ? null : checks },
    relationships: {
      groups: { data: children.map(identify) },
      parent: { data: parent === undefined ? null : identify(parent) },
    },
  }
  return [own, ...children.flatMap((child) => groupResources(child, group))]
}

export function setupResource(run: Run): Resource {
  const data: unknown = run.setupJson === undefined ? null : JSON.parse(run.setupJson)
  return { type: 'setupData', id: 'default', attributes: { data } }
}

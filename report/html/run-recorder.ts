/**
 * Follows a run for the report: decides which lines there are, and which of them a sample belongs to. Everything is
 * bounded, since names and tags come from scripts: the first values of a tag get lines of their own, the rest share one.
 */

import type { QuantileSketch } from '../../metrics/quantile-sketch.js'
import { sampleWidth } from '../../metrics/series.js'
import type { Series, StoredSamples } from '../../metrics/store.js'
import { cleanText } from '../clean-text.js'
import { type Dimension, otherValues, type ReportGroup, type ReportLine, type ReportStatus } from './app/report-data.js'
import {
  GaugeLine,
  type Line,
  newSketch,
  RateLine,
  type Recorder,
  SumLine,
  sketchTotals,
  TimeAxis,
  TrendLine,
} from './time-lines.js'

/** How many lines, and rows, a report has at most. */
export const recorderLimits = {
  /** Metrics with a line over time. */
  metrics: 150,
  /** Values of a dimension with a line of their own. */
  scenario: 12,
  method: 16,
  check: 40,
  status: 17,
  group: 100,
} as const

/** The width of buckets at the beginning, in milliseconds. */
const firstBucketMs = 500

/** A line and what it shows. */
interface NamedLine {
  readonly metric: string
  readonly by?: Dimension
  readonly of?: string
  readonly line: Line
}

interface CountedStatus extends Recorder {
  readonly status: Omit<ReportStatus, 'count'>
  count: number
}

/** Metrics of requests, with the protocol of each. */
const requestMetrics = new Map<string, 'grpc' | 'http'>([
  ['grpc_req_duration', 'grpc'],
  ['http_req_duration', 'http'],
])

/** Collects what the report of a run shows over time. */
export class RunRecorder {
  readonly axis = new TimeAxis(firstBucketMs)
  readonly #lines = new Map<string, NamedLine>()
  readonly #values = new Map<string, Set<string>>()
  readonly #statuses = new Map<string, CountedStatus>()
  readonly #groups = new Map<string, QuantileSketch>()
  readonly #recorders = new WeakMap<Series, readonly Recorder[]>()
  readonly #metrics = new Set<string>()

  /** Takes samples, as an output does. */
  add({ samples, seriesOf }: StoredSamples): void {
    for (let i = 0; i < samples.length; i += sampleWidth) {
      const series = seriesOf(samples[i]!)
      const [timeMs, value] = [samples[i + 1]!, samples[i + 2]!]
      // Neither can be drawn.
      if (series === undefined || !Number.isFinite(value) || !Number.isFinite(timeMs)) continue
      let recorders = this.#recorders.get(series)
      if (recorders === undefined) {
        recorders = this.#recordersOf(series)
        this.#recorders.set(series, recorders)
      }
      if (recorders.length === 0) continue
      const bucket = this.axis.bucketOf(timeMs)
      for (const recorder of recorders) recorder.add(bucket, value)
    }
  }

  /** Metrics that have a line; the others are in tables only. */
  get metricCount(): number {
    return this.#metrics.size
  }

  lines(): ReportLine[] {
    return [...this.#lines.values()].map(({ metric, by, of, line }) => ({
      metric,
      ...(by === undefined ? {} : { by, of: cleanText(of ?? '') }),
      points: line.columns(this.axis.used),
      ...(line instanceof TrendLine ? { total: line.total() } : {}),
    }))
  }

  statuses(): ReportStatus[] {
    return [...this.#statuses.values()].map(({ status, count }) => ({
      ...status,
      method: cleanText(status.method),
      status: cleanText(status.status),
      count,
    }))
  }

  groups(): ReportGroup[] {
    return [...this.#groups].map(([path, sketch]) => ({ path: cleanText(path), total: sketchTotals(sketch) }))
  }

  #recordersOf({ metric, tags }: Series): Recorder[] {
    const { name, type } = metric
    if (!this.#metrics.has(name) && this.#metrics.size >= recorderLimits.metrics) return []
    this.#metrics.add(name)
    const newLine = { counter: newSumLine, gauge: newGaugeLine, rate: newRateLine, trend: newTrendLine }[type]
    const recorders: Recorder[] = [this.#line(name, newLine)]
    const protocol = requestMetrics.get(name)
    if (protocol !== undefined || name === 'iteration_duration') {
      const scenario = tags.get('scenario')
      if (scenario !== undefined) recorders.push(this.#partLine(name, 'scenario', scenario, newTrendLine))
    }
    if (protocol !== undefined) recorders.push(...this.#requestRecorders(name, protocol, tags))
    const check = name === 'checks' ? tags.get('check') : undefined
    if (check !== undefined) recorders.push(this.#partLine(name, 'check', check, newRateLine))
    const group = name === 'group_duration' ? tags.get('group') : undefined
    if (group !== undefined) recorders.push(this.#group(group))
    return recorders
  }

  #requestRecorders(metric: string, protocol: 'grpc' | 'http', tags: Series['tags']): Recorder[] {
    const method = this.#bounded(metric, 'method', methodOf(protocol, tags))
    const recorders: Recorder[] = [this.#partLine(metric, 'method', method, newTrendLine)]
    const status = tags.get('status')
    if (status !== undefined && status !== '') {
      const known = this.#bounded(metric, 'status', status)
      recorders.push(this.#partLine(metric, 'status', known, newCountLine))
      recorders.push(this.#status({ protocol, method, status: known, isError: isError(protocol, tags, status) }))
    }
    return recorders
  }

  #line(metric: string, make: () => Line, by?: Dimension, of?: string): Line {
    const key = JSON.stringify([metric, by, of])
    let named = this.#lines.get(key)
    if (named === undefined) {
      const line = this.axis.register(make())
      named = by === undefined ? { metric, line } : { metric, by, of: of ?? '', line }
      this.#lines.set(key, named)
    }
    return named.line
  }

  #partLine(metric: string, by: Exclude<Dimension, 'group'>, of: string, make: () => Line): Line {
    return this.#line(metric, make, by, this.#bounded(metric, by, of))
  }

  /** The value if it is among the first ones of its dimension, or what stands for all others. */
  #bounded(metric: string, by: Exclude<Dimension, 'group'>, value: string): string {
    const key = `${metric} ${by}`
    let values = this.#values.get(key)
    if (values === undefined) {
      values = new Set([otherValues])
      this.#values.set(key, values)
    }
    if (values.has(value)) return value
    if (values.size > recorderLimits[by]) return otherValues
    values.add(value)
    return value
  }

  #status(status: CountedStatus['status']): Recorder {
    const key = JSON.stringify([status.protocol, status.method, status.status, status.isError])
    let counted = this.#statuses.get(key)
    if (counted === undefined) {
      counted = {
        status,
        count: 0,
        add() {
          this.count++
        },
      }
      this.#statuses.set(key, counted)
    }
    return counted
  }

  #group(path: string): Recorder {
    const known = this.#groups.has(path) || this.#groups.size < recorderLimits.group ? path : otherValues
    let sketch = this.#groups.get(known)
    if (sketch === undefined) {
      sketch = newSketch()
      this.#groups.set(known, sketch)
    }
    const found = sketch
    return { add: (_, value) => found.add(value) }
  }
}

const newSumLine = () => new SumLine()
const newCountLine = () => new SumLine(true)
const newGaugeLine = () => new GaugeLine()
const newRateLine = () => new RateLine()
const newTrendLine = () => new TrendLine()

/** How a request is called in the report. For HTTP scripts can choose the name, which by default is the URL. */
function methodOf(protocol: 'grpc' | 'http', tags: Series['tags']): string {
  const [service, method, name] = ['service', 'method', 'name'].map((tag) => tags.get(tag) ?? '')
  const parts =
    protocol === 'grpc' ? [service, method].filter(Boolean).join('/') : [method, name].filter(Boolean).join(' ')
  return parts || name || '(no name)'
}

function isError(protocol: 'grpc' | 'http', tags: Series['tags'], status: string): boolean {
  if (protocol === 'grpc') return status !== '0'
  const expected = tags.get('expected_response')
  return expected === undefined ? !/^[123]\d\d$/.test(status) : expected !== 'true'
}

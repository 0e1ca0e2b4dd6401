/** The data of the report, ready for questions: what metrics there are, what a line says over time. */
import type { Dimension, ReportData, ReportLine, ReportMetric, ReportStatus } from './report-data.js'

/** Values over time, null where there is none. */
export type Values = (number | null)[]

/** A protocol that the script made requests with. */
export interface Protocol {
  readonly id: ReportStatus['protocol']
  readonly metric: string
  /** `gRPC`, and what one of its requests is called. */
  readonly label: string
  readonly one: string
}

const protocols: readonly Protocol[] = [
  { id: 'grpc', metric: 'grpc_req_duration', label: 'gRPC', one: 'call' },
  { id: 'http', metric: 'http_req_duration', label: 'HTTP', one: 'request' },
]

/** Answers the page's questions about the run. */
export class ReportView {
  readonly data: ReportData
  /** Seconds since the run began, for each bucket its middle. */
  readonly times: number[]
  readonly #metrics = new Map<string, ReportMetric>()
  readonly #lines = new Map<string, ReportLine[]>()

  constructor(data: ReportData) {
    this.data = data
    const { startSeconds, widthSeconds, buckets } = data.timeline
    this.times = Array.from({ length: buckets }, (_, i) => startSeconds + (i + 0.5) * widthSeconds)
    for (const metric of data.metrics) this.#metrics.set(metric.name, metric)
    for (const line of data.lines) {
      const lines = this.#lines.get(line.metric) ?? []
      lines.push(line)
      this.#lines.set(line.metric, lines)
    }
  }

  metric(name: string): ReportMetric | undefined {
    return this.#metrics.get(name)
  }

  /** A number of a metric over the whole run; undefined if the metric has no samples. */
  value(name: string, statistic: string): number | undefined {
    return this.line(name) === undefined ? undefined : this.#metrics.get(name)?.values[statistic]
  }

  /** The line of a metric, or of a part of it. */
  line(metric: string, by?: Dimension, of?: string): ReportLine | undefined {
    return this.#lines.get(metric)?.find((line) => line.by === by && line.of === of)
  }

  /** The parts of a metric that have lines of their own. */
  parts(metric: string, by: Dimension): ReportLine[] {
    return (this.#lines.get(metric) ?? []).filter((line) => line.by === by)
  }

  /** Protocols that there are samples of. */
  protocols(): Protocol[] {
    return protocols.filter(({ metric }) => this.line(metric) !== undefined)
  }

  /** How many of the requests failed, of those that have a status. */
  failures(protocol?: string): { failed: number; all: number } {
    let [failed, all] = [0, 0]
    for (const status of this.data.statuses) {
      if (protocol !== undefined && status.protocol !== protocol) continue
      all += status.count
      if (status.isError) failed += status.count
    }
    return { failed, all }
  }

  /** A column of a line. */
  column(line: ReportLine | undefined, name: string): Values {
    return [...(line?.points[name] ?? this.times.map(() => null))]
  }

  /** A column as so much per second. The last bucket is left out if the run ended early in it: it would say little. */
  perSecond(line: ReportLine | undefined, column: string): Values {
    return this.column(line, column).map((value, i) => {
      const seconds = this.#coveredSeconds(i)
      return i > 0 && seconds < this.data.timeline.widthSeconds / 2 ? null : (value ?? 0) / seconds
    })
  }

  /** The last values, which hold until there is another. */
  held(line: ReportLine | undefined): Values {
    let last: number | null = null
    return this.column(line, 'last').map((value) => {
      last = value ?? last
      return last
    })
  }

  /** The share of values that were not zero, in percent. */
  percent(line: ReportLine | undefined): Values {
    const [trues, totals] = [this.column(line, 'trues'), this.column(line, 'total')]
    return totals.map((total, i) => (total === null || total === 0 ? null : (100 * (trues[i] ?? 0)) / total))
  }

  /** How much of a bucket the run lasted: the last one is seldom full. */
  #coveredSeconds(bucket: number): number {
    const { startSeconds, widthSeconds, buckets } = this.data.timeline
    if (bucket < buckets - 1) return widthSeconds
    const covered = this.data.run.durationMs / 1000 - (startSeconds + bucket * widthSeconds)
    return Math.min(widthSeconds, Math.max(covered, widthSeconds / 10))
  }
}

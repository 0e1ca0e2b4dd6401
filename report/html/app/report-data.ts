/**
 * What a report knows of its run: the JSON that is embedded in the page. Written by the command, read by the page. Every
 * string has been cleaned of control characters, and still is only ever shown as text.
 */

/** How samples of a metric are put together. */
export type MetricType = 'counter' | 'gauge' | 'rate' | 'trend'

/** What values stand for: plain numbers, milliseconds, or bytes. */
export type ValueType = 'default' | 'time' | 'data'

/** How the run ended. */
export type Verdict = 'passed' | 'failed' | 'interrupted'

/** One threshold and what became of it. */
export interface ReportThreshold {
  readonly source: string
  readonly isOk: boolean
  /** What its left side came to, as the summary shows it: `p(95)=6.49ms`. */
  readonly value: string
  /** The left side and the right side, to draw a line at. */
  readonly method: string
  readonly limit: number
}

/** A metric or sub-metric with its numbers over the whole run, exact. */
export interface ReportMetric {
  readonly name: string
  readonly type: MetricType
  readonly contains: ValueType
  /** By name of the statistic: for trends always count, avg, min, med, max, p(90), p(95), p(99). */
  readonly values: Readonly<Record<string, number>>
  readonly thresholds: readonly ReportThreshold[]
  /** The metric that this is a part of. */
  readonly parent?: string
}

/** What a line is a part of: all samples of its metric that have the same scenario, method, and so on. */
export type Dimension = 'scenario' | 'method' | 'check' | 'status' | 'group'

/**
 * Numbers over time, one for each bucket; null where there were no samples. Trends have the columns count, avg, p50, p90,
 * p95, p99 and max; counters sum; gauges last; rates trues and total.
 */
export interface ReportLine {
  readonly metric: string
  /** Undefined for the line of the whole metric. */
  readonly by?: Dimension
  /** The value of the dimension. */
  readonly of?: string
  readonly points: Readonly<Record<string, readonly (number | null)[]>>
  /** The same numbers over the whole run, of trends that are a part: percentiles within one percent. */
  readonly total?: Readonly<Record<string, number>>
}

/** How many requests of a method ended with a status. */
export interface ReportStatus {
  readonly protocol: 'grpc' | 'http'
  readonly method: string
  readonly status: string
  readonly isError: boolean
  readonly count: number
}

/** A check of a group. */
export interface ReportCheck {
  readonly group: string
  readonly name: string
  readonly passes: number
  readonly fails: number
}

/** A group, with how long it took each time. */
export interface ReportGroup {
  readonly path: string
  readonly total: Readonly<Record<string, number>>
}

/** Where the buckets of all lines lie. */
export interface ReportTimeline {
  /** Seconds from the run's start to that of the first bucket. */
  readonly startSeconds: number
  readonly widthSeconds: number
  readonly buckets: number
}

/** The run itself. */
export interface ReportRun {
  readonly script: string
  /** Milliseconds since 1970. */
  readonly startTimeMs: number
  readonly durationMs: number
  readonly verdict: Verdict
  readonly exitCode: number
  /** Why the run did not pass. */
  readonly reason?: string
  /** `(100.00%) 1 scenario, 2 max VUs, …` */
  readonly summary: string
  readonly scenarios: readonly string[]
  /** The options, as indented JSON. */
  readonly options: string
}

/** All of it. */
export interface ReportData {
  /** `belljar 1.2.3` */
  readonly generator: string
  readonly run: ReportRun
  readonly timeline: ReportTimeline
  readonly metrics: readonly ReportMetric[]
  readonly lines: readonly ReportLine[]
  readonly statuses: readonly ReportStatus[]
  readonly checks: readonly ReportCheck[]
  readonly groups: readonly ReportGroup[]
  /** What was left out, in sentences. */
  readonly notes: readonly string[]
}

/** Stands for all values of a dimension that came after the first ones. */
export const otherValues = '(others)'

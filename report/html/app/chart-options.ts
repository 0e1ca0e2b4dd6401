/** What a chart shows, in the page's own terms. */
import type { Values } from './report-view.js'

/** A line of a chart. */
export interface ChartSeries {
  readonly label: string
  readonly values: Values
  /** A colour variable of the style sheet. */
  readonly color: string
  readonly format: (value: number) => string
  /** Drawn against the axis on the right. */
  readonly isRight?: boolean
  readonly dash?: readonly number[]
  readonly isFilled?: boolean
  /** A value holds until the next one. */
  readonly isStepped?: boolean
  readonly isHidden?: boolean
  /** Joined over missing values however many there are. */
  readonly isJoined?: boolean
}

/** A line across the chart. */
export interface ChartMark {
  readonly value: number
  readonly label: string
  readonly isOk: boolean
}

/** What a chart shows. */
export interface ChartOptions {
  readonly title: string
  /** Seconds since the run began. */
  readonly times: readonly number[]
  readonly series: readonly ChartSeries[]
  readonly marks?: readonly ChartMark[]
  /** The least range of the left axis, from 0. */
  readonly leastMax?: number
  readonly max?: number
  readonly height?: number
  /** Milliseconds since 1970 of the run's start, for the readout. */
  readonly startTimeMs: number
  /** Shown beside the title. */
  readonly tools?: readonly HTMLElement[]
}

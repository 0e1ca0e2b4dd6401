/**
 * A chart over the time of the run: lines with a legend that switches them, a readout at the pointer or, with the arrow
 * keys, at the focused moment, and a zoom that all charts of the page share. Draws with uPlot.
 */
import uPlot from 'uplot'
import { registerChart } from './chart-group.js'
import { el } from './dom.js'
import { formatElapsed } from './format.js'
import type { Values } from './report-view.js'
import { color } from './theme.js'

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

/** A chart on the page. */
export interface Chart {
  readonly element: HTMLElement
  /** Shows other lines and marks in the same place. */
  update(change: Pick<ChartOptions, 'series' | 'marks'>): void
}

const font = '12px system-ui, sans-serif'
const timeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400]

export function chart(options: ChartOptions): Chart {
  const plot = el('div', { class: 'plot', tabindex: 0, role: 'group' })
  const legend = el('div', { class: 'legend' })
  const readout = el('div', { class: 'readout', hidden: true })
  const spoken = el('div', { class: 'hidden', 'aria-live': 'polite' })
  const element = el(
    'figure',
    { class: 'chart' },
    el('figcaption', {}, el('h3', {}, options.title), el('div', { class: 'tools' }, ...(options.tools ?? []))),
    legend,
    plot,
    spoken,
  )
  let current: ChartOptions = options
  let shown = options.series.map(({ isHidden }) => isHidden !== true)
  let drawn: uPlot | undefined
  let unregister = () => {}

  const draw = () => {
    unregister()
    drawn?.destroy()
    plot.replaceChildren()
    drawn = undefined
    const hasValues = current.series.some(({ values }) => values.some((value) => value !== null))
    plot.setAttribute('aria-label', described(current))
    legend.replaceChildren(...current.series.map((series, i) => legendButton(series, i)))
    if (!hasValues) {
      plot.append(el('p', { class: 'empty' }, 'No samples.'))
      return
    }
    const width = Math.max(240, plot.clientWidth)
    const u = new uPlot(
      { ...plotOptions(current, readout, spoken), width, height: current.height ?? 240 },
      [[...current.times], ...current.series.map(({ values }) => values)] as uPlot.AlignedData,
      plot,
    )
    u.over.append(readout)
    for (const [i, isShown] of shown.entries()) if (!isShown) u.setSeries(i + 1, { show: false })
    drawn = u
    unregister = registerChart(u, plot)
  }

  const legendButton = (series: ChartSeries, i: number) => {
    const swatch = el('span', { class: `swatch${series.dash ? ' dashed' : ''}` })
    swatch.style.setProperty('--swatch', `var(${series.color})`)
    const button = el('button', { type: 'button', 'aria-pressed': String(shown[i] ?? true) }, swatch, series.label)
    button.addEventListener('click', () => {
      shown[i] = !shown[i]
      button.setAttribute('aria-pressed', String(shown[i]))
      drawn?.setSeries(i + 1, { show: shown[i] === true })
    })
    return button
  }

  plot.addEventListener('keydown', (event) => {
    if (drawn === undefined) return
    const last = current.times.length - 1
    const at = drawn.cursor.idx ?? -1
    const target = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key]
    if (target === undefined) return
    event.preventDefault()
    const index = Math.min(last, Math.max(0, target))
    drawn.setCursor({ left: drawn.valToPos(current.times[index]!, 'x'), top: 20 })
  })
  // The width is only known once the figure is on the page.
  const watcher = new ResizeObserver(() => {
    if (plot.clientWidth === 0) return
    if (drawn === undefined) draw()
    else if (drawn.width !== plot.clientWidth) drawn.setSize({ width: plot.clientWidth, height: drawn.height })
  })
  watcher.observe(plot)
  return {
    element,
    update(change) {
      const hasSameLines = change.series.length === current.series.length
      current = { ...current, ...change }
      if (!hasSameLines) shown = change.series.map(({ isHidden }) => isHidden !== true)
      draw()
    },
  }
}

function described({ title, series, times }: ChartOptions): string {
  const lines = series.map(({ label, values, format }) => {
    const numbers = values.filter((value) => value !== null)
    if (numbers.length === 0) return `${label}: no samples`
    return `${label}: from ${format(Math.min(...numbers))} to ${format(Math.max(...numbers))}`
  })
  return `Chart of ${title}, ${times.length} points. ${lines.join('. ')}. Use the arrow keys to read values, + and − to zoom.`
}

function plotOptions(
  options: ChartOptions,
  readout: HTMLElement,
  spoken: HTMLElement,
): Omit<uPlot.Options, 'width' | 'height'> {
  const { series, times, marks = [] } = options
  const bucketSeconds = times.length > 1 ? times[1]! - times[0]! : 1
  const left = series.find(({ isRight }) => !isRight) ?? series[0]
  const right = series.find(({ isRight }) => isRight)
  const grid = { stroke: () => color('--grid'), width: 1 }
  const axis = { stroke: () => color('--muted'), font, ticks: { ...grid, size: 4 } }
  const valueAxis = (format: ((value: number) => string) | undefined, scale: string): uPlot.Axis => ({
    ...axis,
    scale,
    grid,
    values: (_, splits) => splits.map((value) => format?.(value) ?? ''),
    size: (_, values) => 14 + 7 * Math.max(...(values ?? ['']).map((text) => text.length)),
  })
  return {
    padding: [10, right === undefined ? 22 : 0, 0, 0],
    legend: { show: false },
    scales: {
      x: {
        time: false,
        range: (_, min, max) => (min === max ? [min - bucketSeconds, max + bucketSeconds] : [min, max]),
      },
      y: { range: (_, min, max) => valueRange(min, max, options) },
      right: { range: (_, min, max) => valueRange(min, max, {}) },
    },
    axes: [
      {
        ...axis,
        grid,
        space: 60,
        size: 30,
        incrs: timeSteps,
        values: (_, splits, __, ___, step) => splits.map((seconds) => formatElapsed(seconds, step < 1 ? 1 : 0)),
      },
      valueAxis(left?.format, 'y'),
      ...(right === undefined ? [] : [{ ...valueAxis(right.format, 'right'), side: 1, grid: { show: false } }]),
    ],
    series: [
      {},
      ...series.map(
        (line): uPlot.Series => ({
          label: line.label,
          scale: line.isRight ? 'right' : 'y',
          stroke: () => color(line.color),
          width: 2,
          ...(line.dash === undefined ? {} : { dash: [...line.dash] }),
          ...(line.isFilled ? { fill: () => `${color(line.color)}22` } : {}),
          ...(line.isStepped ? { paths: uPlot.paths.stepped?.({ align: 1 }) } : {}),
          points: { size: 5, fill: () => color(line.color) },
          spanGaps: line.isJoined === true,
          gaps: (u, _, __, ___, gaps) => shortGapsClosed(u, gaps, bucketSeconds),
        }),
      ),
    ],
    cursor: {
      y: false,
      focus: { prox: -1 },
      drag: { x: true, y: false, dist: 8 },
      sync: { key: 'run', setSeries: false },
      points: { size: 7 },
    },
    hooks: {
      draw: [(u) => drawMarks(u, marks)],
      setCursor: [(u) => showReadout(u, options, readout, spoken)],
    },
  }
}

/** Few requests leave buckets empty; only what is missing for longer is a gap. */
function shortGapsClosed(u: uPlot, gaps: uPlot.Series.Gaps, bucketSeconds: number): uPlot.Series.Gaps {
  const longest = Math.max(4 * bucketSeconds, 5)
  const least = u.valToPos(longest, 'x', true) - u.valToPos(0, 'x', true)
  return gaps.filter(([from, to]) => to - from > least)
}

function valueRange(
  min: number | null,
  max: number | null,
  { leastMax = 0, max: fixed }: Pick<ChartOptions, 'leastMax' | 'max'>,
): [number, number] {
  const top = fixed ?? Math.max(leastMax, (max ?? 1) * 1.06)
  const bottom = Math.min(0, (min ?? 0) * 1.06)
  return [bottom, top > bottom ? top : bottom + 1]
}

function drawMarks(u: uPlot, marks: readonly ChartMark[]): void {
  const { ctx, bbox } = u
  const ratio = devicePixelRatio
  for (const { value, label, isOk } of marks) {
    const y = Math.round(u.valToPos(value, 'y', true))
    // A limit far above all values would flatten them, so the axis does not grow for it.
    if (y < bbox.top || y > bbox.top + bbox.height) continue
    ctx.save()
    ctx.strokeStyle = color(isOk ? '--good' : '--bad')
    ctx.fillStyle = ctx.strokeStyle
    ctx.lineWidth = 1.5 * ratio
    ctx.setLineDash([6 * ratio, 4 * ratio])
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    ctx.font = `${11 * ratio}px system-ui, sans-serif`
    ctx.textAlign = 'right'
    const isNearTop = y < bbox.top + 16 * ratio
    const at = [bbox.left + bbox.width - 4 * ratio, y + (isNearTop ? 13 : -5) * ratio] as const
    // On a ground of its own, as lines may run below it.
    ctx.setLineDash([])
    ctx.lineWidth = 4 * ratio
    ctx.lineJoin = 'round'
    ctx.strokeStyle = color('--surface')
    ctx.strokeText(label, ...at)
    ctx.fillText(label, ...at)
    ctx.restore()
  }
}

function showReadout(u: uPlot, options: ChartOptions, readout: HTMLElement, spoken: HTMLElement): void {
  const { idx, left, top } = u.cursor
  // The chart that the pointer is on, or the focus; on the others the line is enough.
  const isHere = u.over.matches(':hover') || u.root.parentElement === document.activeElement
  if (idx === null || idx === undefined || left === undefined || left < 0 || !isHere) {
    readout.hidden = true
    return
  }
  const seconds = options.times[idx] ?? 0
  const decimals = (options.times[1] ?? 0) - (options.times[0] ?? 0) < 1 ? 1 : 0
  const clock = new Date(options.startTimeMs + seconds * 1000).toLocaleTimeString()
  const rows = options.series.flatMap((series, i) => {
    if (u.series[i + 1]?.show !== true) return []
    const value = series.values[idx]
    const swatch = el('span', { class: 'swatch' })
    swatch.style.setProperty('--swatch', `var(${series.color})`)
    return [{ swatch, label: series.label, text: value === null || value === undefined ? '—' : series.format(value) }]
  })
  readout.replaceChildren(
    el('div', { class: 'when' }, formatElapsed(seconds, decimals), el('span', { class: 'muted' }, clock)),
    ...rows.map(({ swatch, label, text }) =>
      el('div', { class: 'row' }, swatch, el('span', {}, label), el('b', {}, text)),
    ),
  )
  readout.hidden = false
  const isRightHalf = left > u.over.clientWidth / 2
  readout.style.left = isRightHalf ? '' : `${left + 14}px`
  readout.style.right = isRightHalf ? `${u.over.clientWidth - left + 14}px` : ''
  readout.style.top = `${Math.min(Math.max(0, (top ?? 0) - 10), Math.max(0, u.over.clientHeight - readout.offsetHeight))}px`
  if (u.root.parentElement === document.activeElement) {
    spoken.textContent = `${formatElapsed(seconds)}: ${rows.map(({ label, text }) => `${label} ${text}`).join(', ')}`
  }
}

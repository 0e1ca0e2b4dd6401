/** How a chart is drawn: its options in the terms of uPlot, and the lines across it. */
import uPlot from 'uplot'
import type { ChartMark, ChartOptions } from './chart-options.js'
import { formatElapsed } from './format.js'
import { color } from './theme.js'

const font = '12px system-ui, sans-serif'
const timeSteps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400]

/** @param onCursor called when the cursor has moved, or gone */
export function plotOptions(
  options: ChartOptions,
  onCursor: (u: uPlot) => void,
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
      setCursor: [onCursor],
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

/** How much the run did over time: requests, iterations, VUs, streams, data. */
import { chart } from '../chart.js'
import type { ChartSeries } from '../chart-options.js'
import { formatBytes, formatNumber } from '../format.js'
import type { ReportView } from '../report-view.js'
import { card, grid, type Section, section } from '../section.js'

const perSecond = (value: number) => `${formatNumber(value)}/s`
const bytesPerSecond = (value: number) => `${formatBytes(value)}/s`

export function traffic(view: ReportView): Section | undefined {
  const { startTimeMs } = view.data.run
  const charts = [
    { title: 'Requests and VUs', series: [...requestSeries(view), ...vuSeries(view)] },
    { title: 'Iterations and VUs', series: [...iterationSeries(view), ...vuSeries(view)] },
    {
      title: view.line('ws_sessions') === undefined ? 'Streams' : 'Streams and WebSockets',
      series: streamSeries(view),
    },
    { title: 'Data', series: dataSeries(view) },
  ].filter(({ series }) => series.some(({ isRight }) => isRight !== true))
  if (charts.length === 0) return undefined
  const cards = charts.map((options) => card(chart({ ...options, times: view.times, startTimeMs }).element))
  return section('traffic', 'Traffic', grid(...cards))
}

function requestSeries(view: ReportView): ChartSeries[] {
  return view.protocols().map(({ metric, label, one }, i) => ({
    label: `${label} ${one}s`,
    values: view.perSecond(view.line(metric), 'count'),
    color: `--series-${i + 1}`,
    format: perSecond,
    isFilled: i === 0,
  }))
}

function vuSeries(view: ReportView): ChartSeries[] {
  const line = view.line('vus')
  if (line === undefined) return []
  return [
    {
      label: 'VUs at work',
      values: view.held(line),
      color: '--neutral',
      format: formatNumber,
      isRight: true,
      isStepped: true,
      dash: [5, 4],
    },
  ]
}

function iterationSeries(view: ReportView): ChartSeries[] {
  return counters(view, perSecond, [
    ['iterations', 'iterations', '--series-2'],
    ['dropped_iterations', 'dropped iterations', '--bad'],
  ])
}

function streamSeries(view: ReportView): ChartSeries[] {
  return counters(view, perSecond, [
    ['grpc_streams', 'gRPC streams opened', '--series-1'],
    ['grpc_streams_msgs_sent', 'messages sent', '--series-2'],
    ['grpc_streams_msgs_received', 'messages received', '--series-3'],
    ['ws_sessions', 'WebSockets opened', '--series-4'],
    ['ws_msgs_sent', 'WebSocket messages sent', '--series-5'],
    ['ws_msgs_received', 'WebSocket messages received', '--series-6'],
  ])
}

function dataSeries(view: ReportView): ChartSeries[] {
  return counters(view, bytesPerSecond, [
    ['data_received', 'received', '--series-1'],
    ['data_sent', 'sent', '--series-3'],
  ])
}

function counters(
  view: ReportView,
  format: (value: number) => string,
  wanted: readonly (readonly [metric: string, label: string, color: string])[],
): ChartSeries[] {
  return wanted.flatMap(([metric, label, color]) => {
    const line = view.line(metric)
    return line === undefined ? [] : [{ label, values: view.perSecond(line, 'sum'), color, format }]
  })
}

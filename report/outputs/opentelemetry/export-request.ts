/**
 * Writes `ExportMetricsServiceRequest` of OTLP 1.x (opentelemetry/proto/collector/metrics/v1/metrics_service.proto) and reads
 * the answer to it. All sums are cumulative: from a series' first sample until now.
 */
import protobuf, { type Writer } from 'protobufjs/minimal.js'
import type { Metric, ValueType } from '../../../metrics/metric.js'
import type { CounterSink, GaugeSink, RateSink } from '../../../metrics/sink.js'
import type { TagSet } from '../../../metrics/tag-set.js'
import { wellFormedText } from '../../clean-text.js'
import { type HistogramSink, histogramBounds } from './histogram-sink.js'

/** What is summed up for OTLP. */
export type OtlpSink = CounterSink | GaugeSink | RateSink | HistogramSink

/** A series as it is at one moment. */
export interface OtlpSeries {
  readonly metric: Metric
  readonly tags: TagSet
  readonly sink: OtlpSink
  readonly startTimeMs: number
}

/** What all requests of a run have in common. */
export interface OtlpFrame {
  readonly resource: ReadonlyMap<string, string>
  readonly metricPrefix: string
}

const units: Record<ValueType, string> = { default: '', time: 'ms', data: 'By' }
const cumulative = 2

// Types on the wire; the numbers of fields below are those of the .proto files.
const varint = 0
const fixed64 = 1
const bytes = 2
const field = (writer: Writer, number: number, type: number) => writer.uint32((number << 3) | type)

/** Data points that a series becomes: a rate is counted in two parts. */
export function pointsOf({ sink }: OtlpSeries): number {
  return sink.type === 'rate' ? 2 : 1
}

/** A request with the series, each metric of which is named once. */
export function exportRequest(frame: OtlpFrame, series: readonly OtlpSeries[], timeMs: number): Uint8Array {
  const writer = protobuf.Writer.create()
  nested(writer, 1, () => {
    nested(writer, 1, () => {
      for (const [name, value] of frame.resource) attribute(writer, 1, name, value)
    })
    nested(writer, 2, () => {
      nested(writer, 1, () => field(writer, 1, bytes).string('k6'))
      for (const [metric, ofMetric] of byMetric(series)) {
        nested(writer, 2, () => writeMetric(writer, frame.metricPrefix + metric.name, metric, ofMetric, timeMs))
      }
    })
  })
  return writer.finish()
}

/** Data points that the receiver did not take, and why. What cannot be read says nothing. */
export function rejectedBy(answer: Uint8Array): { rejected: number; reason: string } | undefined {
  try {
    const reader = protobuf.Reader.create(answer)
    while (reader.pos < reader.len) {
      const key = reader.uint32()
      if (key >>> 3 !== 1) reader.skipType(key & 7)
      else return partialSuccess(protobuf.Reader.create(reader.bytes()))
    }
  } catch {
    // The receiver said OK, and this is all that is known.
  }
  return undefined
}

function partialSuccess(reader: protobuf.Reader): { rejected: number; reason: string } | undefined {
  let [rejected, reason] = [0, '']
  while (reader.pos < reader.len) {
    const key = reader.uint32()
    if (key >>> 3 === 1) rejected = Number(reader.int64())
    else if (key >>> 3 === 2) reason = reader.string()
    else reader.skipType(key & 7)
  }
  if (!(rejected > 0)) return undefined
  return { rejected, reason: `the receiver refused ${rejected} data points: ${reason}` }
}

function byMetric(series: readonly OtlpSeries[]): Map<Metric, OtlpSeries[]> {
  const groups = new Map<Metric, OtlpSeries[]>()
  for (const one of series) {
    const group = groups.get(one.metric)
    if (group === undefined) groups.set(one.metric, [one])
    else group.push(one)
  }
  return groups
}

function writeMetric(
  writer: Writer,
  name: string,
  metric: Metric,
  series: readonly OtlpSeries[],
  timeMs: number,
): void {
  field(writer, 1, bytes).string(name)
  if (units[metric.contains] !== '') field(writer, 3, bytes).string(units[metric.contains])
  const [dataField, pointField] = { counter: [7, 1], gauge: [5, 1], rate: [7, 1], trend: [9, 1] }[metric.type] as [
    number,
    number,
  ]
  nested(writer, dataField, () => {
    for (const one of series) writePoints(writer, pointField, one, timeMs)
    if (metric.type !== 'gauge') field(writer, 2, varint).int32(cumulative)
    if (metric.type === 'counter' || metric.type === 'rate') field(writer, 3, varint).bool(true)
  })
}

function writePoints(writer: Writer, number: number, { sink, tags, startTimeMs }: OtlpSeries, timeMs: number): void {
  const times = () => {
    field(writer, 2, fixed64).fixed64(nanos(startTimeMs))
    field(writer, 3, fixed64).fixed64(nanos(timeMs))
  }
  const attributes = (at: number) => {
    for (const [name, value] of tags.entries) attribute(writer, at, name, value)
  }
  const count = (value: number, condition: string) =>
    nested(writer, number, () => {
      times()
      field(writer, 6, fixed64).sfixed64(value)
      attributes(7)
      attribute(writer, 7, 'condition', condition)
    })
  switch (sink.type) {
    case 'counter':
    case 'gauge':
      nested(writer, number, () => {
        times()
        field(writer, 4, fixed64).double(sink.type === 'counter' ? sink.sum : sink.value)
        attributes(7)
      })
      return
    case 'rate':
      count(sink.trues, 'nonzero')
      count(sink.total - sink.trues, 'zero')
      return
    case 'histogram':
      nested(writer, number, () => {
        times()
        field(writer, 4, fixed64).fixed64(sink.count)
        field(writer, 5, fixed64).double(sink.sum)
        nested(writer, 6, () => {
          for (const inBucket of sink.counts) writer.fixed64(inBucket)
        })
        nested(writer, 7, () => {
          for (const bound of histogramBounds) writer.double(bound)
        })
        attributes(9)
        field(writer, 11, fixed64).double(sink.min)
        field(writer, 12, fixed64).double(sink.max)
      })
  }
}

function attribute(writer: Writer, number: number, name: string, value: string): void {
  nested(writer, number, () => {
    field(writer, 1, bytes).string(wellFormedText(name))
    nested(writer, 2, () => field(writer, 1, bytes).string(wellFormedText(value)))
  })
}

function nested(writer: Writer, number: number, write: () => void): void {
  field(writer, number, bytes).fork()
  write()
  writer.ldelim()
}

/** Nanoseconds since the epoch have more digits than a double. */
function nanos(timeMs: number): never {
  const value = BigInt(Math.floor(timeMs)) * 1_000_000n + BigInt(Math.floor((timeMs % 1) * 1e6))
  return { low: Number(value & 0xffffffffn), high: Number(value >> 32n), unsigned: true } as never
}

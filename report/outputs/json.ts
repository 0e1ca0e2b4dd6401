/**
 * The output `json`: one line of JSON per sample, and one per metric before its first sample.
 */

import { formatDuration } from '../../go/duration.js'
import type { Metric } from '../../metrics/metric.js'
import { sampleWidth } from '../../metrics/series.js'
import type { MetricStore, Series, StoredSamples } from '../../metrics/store.js'
import type { Tag } from '../../metrics/tag-set.js'
import type { ThresholdDefinition, ThresholdDefinitions } from '../../metrics/thresholds.js'
import { jsonText } from '../clean-text.js'
import { Rfc3339Nano } from '../rfc3339.js'
import { LineFile, type TextStream } from './line-file.js'
import type { Output } from './output.js'

/** What the output needs to know of the run. */
export interface JsonOutputOptions {
  /** The file; `-` or nothing for standard output, compressed if it ends with `.gz`. */
  readonly path: string
  readonly stdout: TextStream
  readonly store: MetricStore
  readonly thresholds: ThresholdDefinitions
  readonly onError: (error: string) => void
}

interface LineEnds {
  readonly head: string
  readonly tail: string
}

/** Writes samples as lines of JSON. */
export class JsonOutput implements Output {
  readonly description: string
  readonly #options: JsonOutputOptions
  readonly #file: LineFile
  readonly #time = new Rfc3339Nano()
  readonly #seen = new Set<string>()
  readonly #lineEnds = new WeakMap<Series, LineEnds>()
  #unwritableSamples = 0

  /** @throws {AppError} `OUTPUT_FAILED` if the file cannot be opened */
  constructor(options: JsonOutputOptions) {
    this.#options = options
    this.#file = new LineFile(options.path, options.stdout, options.onError)
    this.description = options.path === '' || options.path === '-' ? 'json(stdout)' : `json (${options.path})`
  }

  add({ samples, seriesOf }: StoredSamples): void {
    for (let i = 0; i < samples.length; i += sampleWidth) {
      const series = seriesOf(samples[i]!)
      if (series === undefined) continue
      const value = samples[i + 2]!
      if (!this.#seen.has(series.metric.name)) this.#writeMetric(series.metric)
      // JSON has no way to write these.
      if (!Number.isFinite(value)) {
        this.#unwritableSamples++
        continue
      }
      const { head, tail } = this.#lineEndsOf(series)
      this.#file.write(`${head}${this.#time.format(samples[i + 1]!)}","value":${value}${tail}`)
    }
    this.#file.flush()
  }

  async stop(): Promise<void> {
    await this.#file.close()
    if (this.#unwritableSamples > 0) {
      this.#options.onError(`${this.#unwritableSamples} samples with an infinite value could not be written as JSON`)
    }
  }

  #writeMetric({ name, type, contains }: Metric): void {
    this.#seen.add(name)
    const thresholds = (this.#options.thresholds.get(name) ?? []).map(thresholdJson).join(',')
    const parts = this.#options.store.subMetricsOf(name).map(({ name: partName, selector }) => {
      const { suffix = '', tags } = selector ?? {}
      return `{"name":${jsonText(partName)},"suffix":${jsonText(suffix)},"tags":${tagsJson(tags?.entries ?? [])}}`
    })
    const subMetrics = parts.length === 0 ? 'null' : `[${parts.join(',')}]`
    this.#file.write(
      `{"type":"Metric","data":{"name":"${name}","type":"${type}","contains":"${contains}","thresholds":[${thresholds}],"submetrics":${subMetrics}},"metric":"${name}"}\n`,
    )
  }

  #lineEndsOf(series: Series): LineEnds {
    let ends = this.#lineEnds.get(series)
    if (ends === undefined) {
      const metadata = series.metadata.isEmpty ? '' : `,"metadata":${tagsJson(series.metadata.entries)}`
      ends = {
        head: `{"metric":"${series.metric.name}","type":"Point","data":{"time":"`,
        tail: `,"tags":${tagsJson(series.tags.entries)}${metadata}}}\n`,
      }
      this.#lineEnds.set(series, ends)
    }
    return ends
  }
}

function tagsJson(tags: readonly Tag[]): string {
  return `{${tags.map(([name, value]) => `${jsonText(name)}:${jsonText(value)}`).join(',')}}`
}

function thresholdJson({ threshold, abortOnFail, delayAbortEvalMs }: ThresholdDefinition): string {
  if (!abortOnFail) return jsonText(threshold)
  const delay = delayAbortEvalMs === undefined ? 'null' : `"${formatDuration(delayAbortEvalMs)}"`
  return `{"threshold":${jsonText(threshold)},"abortOnFail":true,"delayAbortEval":${delay}}`
}

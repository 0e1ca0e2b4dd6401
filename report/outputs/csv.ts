/**
 * The output `csv`: one row per sample, with a column for each system tag.
 */
import { AppError } from '../../errors.js'
import { parseGoDuration } from '../../go/duration.js'
import { GoSyntaxError } from '../../go/number.js'
import { sampleWidth } from '../../metrics/series.js'
import type { Series, StoredSamples } from '../../metrics/store.js'
import { cleanText } from '../clean-text.js'
import { Rfc3339Nano, rfc3339Seconds } from '../rfc3339.js'
import { LineFile, type TextStream } from './line-file.js'
import type { Output } from './output.js'

const timeFormats = ['unix', 'unix_milli', 'unix_micro', 'unix_nano', 'rfc3339', 'rfc3339_nano'] as const
type TimeFormat = (typeof timeFormats)[number]

/** What the output needs to know of the run. */
export interface CsvOutputOptions {
  /** What stood behind `csv=`: a file name, or `fileName=…,saveInterval=1s,timeFormat=unix`. */
  readonly argument: string
  /** For K6_CSV_FILENAME, K6_CSV_SAVE_INTERVAL and K6_CSV_TIME_FORMAT, which the argument overrides. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** System tags that are switched on. */
  readonly systemTags: readonly string[]
  readonly stdout: TextStream
  readonly onError: (error: string) => void
}

interface CsvConfig {
  readonly path: string
  readonly saveIntervalMs: number
  readonly timeFormat: TimeFormat
}

/** Writes samples as rows. */
export class CsvOutput implements Output {
  readonly description: string
  readonly #file: LineFile
  readonly #config: CsvConfig
  readonly #columns: readonly string[]
  readonly #rowEnds = new WeakMap<Series, string>()
  readonly #nano = new Rfc3339Nano()
  #lastSaveMs = performance.now()

  /** @throws {AppError} `USAGE` for a wrong argument, `OUTPUT_FAILED` if the file cannot be opened */
  constructor(options: CsvOutputOptions) {
    this.#config = readConfig(options.argument, options.environment)
    const { path } = this.#config
    // vu and iter are metadata, not tags.
    this.#columns = options.systemTags.filter((name) => name !== 'vu' && name !== 'iter').sort()
    this.#file = new LineFile(path, options.stdout, options.onError)
    this.description = path === '' || path === '-' ? 'csv (stdout)' : `csv (${path})`
    const header = ['metric_name', 'timestamp', 'metric_value', ...this.#columns, 'extra_tags', 'metadata']
    this.#file.write(`${header.join(',')}\n`)
    this.#file.flush()
  }

  add({ samples, seriesOf }: StoredSamples): void {
    for (let i = 0; i < samples.length; i += sampleWidth) {
      const series = seriesOf(samples[i]!)
      if (series === undefined) continue
      const time = this.#timeText(samples[i + 1]!)
      this.#file.write(`${series.metric.name},${time},${fixed(samples[i + 2]!)},${this.#rowEndOf(series)}`)
    }
    const nowMs = performance.now()
    if (nowMs - this.#lastSaveMs < this.#config.saveIntervalMs) return
    this.#lastSaveMs = nowMs
    this.#file.flush()
  }

  async stop(): Promise<void> {
    await this.#file.close()
  }

  #rowEndOf(series: Series): string {
    let end = this.#rowEnds.get(series)
    if (end === undefined) {
      const cells = this.#columns.map((name) => series.tags.get(name) ?? '')
      const extra = series.tags.entries.filter(([name]) => !this.#columns.includes(name))
      end = `${[...cells, joined(extra), joined(series.metadata.entries)].map(cell).join(',')}\n`
      this.#rowEnds.set(series, end)
    }
    return end
  }

  #timeText(timeMs: number): string {
    switch (this.#config.timeFormat) {
      case 'unix':
        return String(Math.floor(timeMs / 1000))
      case 'unix_milli':
        return String(Math.floor(timeMs))
      case 'unix_micro':
        return String(Math.floor(timeMs * 1000))
      case 'unix_nano':
        // Nanoseconds since 1970 need more digits than a double has.
        return `${Math.floor(timeMs)}${String(Math.floor((timeMs % 1) * 1e6)).padStart(6, '0')}`
      case 'rfc3339':
        return rfc3339Seconds(new Date(timeMs))
      case 'rfc3339_nano':
        return this.#nano.format(timeMs)
    }
  }
}

function readConfig(argument: string, environment: CsvOutputOptions['environment']): CsvConfig {
  const values = new Map<string, string>([
    ['fileName', environment.K6_CSV_FILENAME ?? 'file.csv'],
    ['saveInterval', environment.K6_CSV_SAVE_INTERVAL ?? '1s'],
    ['timeFormat', environment.K6_CSV_TIME_FORMAT ?? 'unix'],
  ])
  if (argument !== '' && !argument.includes('=')) values.set('fileName', argument)
  else if (argument !== '') {
    for (const pair of argument.split(',')) {
      const at = pair.indexOf('=')
      const key = at < 0 ? pair : pair.slice(0, at)
      const value = at < 0 ? '' : pair.slice(at + 1)
      if (value === '') throw wrong(`couldn't parse ${JSON.stringify(argument)} as argument for csv output`)
      if (!values.has(key)) throw wrong(`unknown key ${JSON.stringify(key)} as argument for csv output`)
      values.set(key, value)
    }
  }
  const wanted = values.get('timeFormat')?.toLowerCase()
  const timeFormat = timeFormats.find((format) => format === wanted)
  if (timeFormat === undefined) throw wrong(`${values.get('timeFormat')} does not belong to TimeFormat values`)
  return {
    path: values.get('fileName') ?? '',
    saveIntervalMs: intervalMs(values.get('saveInterval') ?? ''),
    timeFormat,
  }
}

function intervalMs(text: string): number {
  try {
    return parseGoDuration(text)
  } catch (e) {
    throw e instanceof GoSyntaxError ? wrong(e.message) : e
  }
}

function wrong(problem: string): AppError {
  return new AppError('USAGE', `could not create the 'csv' output: ${problem}`, {
    hint: 'use csv=FILE or csv=fileName=FILE,saveInterval=1s,timeFormat=unix',
  })
}

function joined(tags: readonly (readonly [string, string])[]): string {
  return tags.map(([name, value]) => `${name}=${value}`).join('&')
}

/** Six decimals, as Go's %f, also for numbers that JavaScript would print with an exponent. */
function fixed(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`
}

/** One cell. A spreadsheet would run text that begins like a formula, so such text gets a quote in front. */
function cell(text: string): string {
  const safe = cleanText(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)
  return /[",]|^\s|^\\\.$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

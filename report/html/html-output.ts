/** The output `html`: follows the run, and writes a page about it when it has ended. */
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { AppError } from '../../errors.js'
import type { MetricStore, StoredSamples } from '../../metrics/store.js'
import { packageRoot } from '../../package-root.js'
import type { TextStream } from '../outputs/line-file.js'
import type { Output } from '../outputs/output.js'
import type { RunEnd, RunFacts } from '../outputs/reported-run.js'
import { buildReport } from './build-report.js'
import { reportDocument } from './document.js'
import { RunRecorder } from './run-recorder.js'

/** What the output needs to know of the run. */
export interface HtmlOutputOptions {
  /** The file, `report.html` if left out, compressed if it ends with `.gz`; `-` for standard output. */
  readonly path: string
  readonly stdout: TextStream
  readonly store: MetricStore
  readonly run: RunFacts
  readonly onError: (error: string) => void
}

/** Writes a page about the run. */
export class HtmlOutput implements Output {
  readonly description: string
  readonly #options: HtmlOutputOptions
  readonly #path: string
  /** Undefined for standard output. */
  readonly #fd: number | undefined
  readonly #recorder = new RunRecorder()

  /** @throws {AppError} `OUTPUT_FAILED` if the file cannot be opened */
  constructor(options: HtmlOutputOptions) {
    this.#options = options
    this.#path = options.path || 'report.html'
    const isStdout = this.#path === '-'
    // Now and not at the end, when a folder that is missing would cost the whole report.
    this.#fd = isStdout ? undefined : openForWriting(this.#path)
    this.description = isStdout ? 'html (stdout)' : `html (${this.#path})`
  }

  add(samples: StoredSamples): void {
    this.#recorder.add(samples)
  }

  async stop(end?: RunEnd): Promise<void> {
    try {
      if (end !== undefined) this.#write(this.#page(end))
    } catch (e) {
      this.#options.onError(
        `could not write the report to ${this.#path}: ${e instanceof Error ? e.message : String(e)}`,
      )
    } finally {
      if (this.#fd !== undefined) closeSync(this.#fd)
    }
  }

  #page(end: RunEnd): string {
    const { store, run } = this.#options
    const data = buildReport(`belljar ${version()}`, store, this.#recorder, run, end)
    return reportDocument(data, readAsset('app.js'), readAsset('app.css'))
  }

  #write(page: string): void {
    if (this.#fd === undefined) this.#options.stdout.write(page)
    else writeFileSync(this.#fd, this.#path.endsWith('.gz') ? gzipSync(page) : page)
  }
}

function openForWriting(path: string): number {
  try {
    return openSync(path, 'w', 0o666)
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e)
    throw new AppError('OUTPUT_FAILED', `could not open '${path}' for writing: ${reason}`, { cause: e })
  }
}

/** A part of the page that rollup has made. */
function readAsset(name: string): string {
  return readFileSync(join(packageRoot, 'dist/report', name), 'utf8')
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version
}

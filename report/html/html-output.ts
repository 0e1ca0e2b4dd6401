/** The output `html`: follows the run, and writes a page about it when it has ended. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MetricStore, StoredSamples } from '../../metrics/store.js'
import { packageRoot } from '../../package-root.js'
import { LineFile, type TextStream } from '../outputs/line-file.js'
import type { Output, RunEnd, RunFacts } from '../outputs/output.js'
import { buildReport } from './build-report.js'
import { reportDocument } from './document.js'
import { RunRecorder } from './run-recorder.js'

/** What the output needs to know of the run. */
export interface HtmlOutputOptions {
  /** The file, `report.html` if left out; `-` for standard output. */
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
  readonly #file: LineFile
  readonly #recorder = new RunRecorder()

  /** @throws {AppError} `OUTPUT_FAILED` if the file cannot be opened */
  constructor(options: HtmlOutputOptions) {
    this.#options = options
    const path = options.path || 'report.html'
    // Now and not at the end, when a folder that is missing would cost the whole report.
    this.#file = new LineFile(path, options.stdout, options.onError)
    this.description = path === '-' ? 'html (stdout)' : `html (${path})`
  }

  add(samples: StoredSamples): void {
    this.#recorder.add(samples)
  }

  async stop(end?: RunEnd): Promise<void> {
    const { store, run, onError } = this.#options
    try {
      if (end !== undefined) {
        const data = buildReport(`belljar ${version()}`, store, this.#recorder, run, end)
        this.#file.write(reportDocument(data, readAsset('app.js'), readAsset('app.css')))
      }
    } catch (e) {
      onError(`could not write the report: ${e instanceof Error ? e.message : String(e)}`)
    } finally {
      await this.#file.close()
    }
  }
}

/** A part of the page that rollup has made. */
function readAsset(name: string): string {
  return readFileSync(join(packageRoot, 'dist/report', name), 'utf8')
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }).version
}

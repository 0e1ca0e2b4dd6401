/** Runs a script through the whole engine, with real threads, and tells what came of it. Prints nothing. */

import { parseOptions } from '../../engine/options/options.js'
import type { RunResult } from '../../engine/run.js'
import { TestRun } from '../../engine/test-run.js'
import type { TestRunSettings } from '../../engine/test-run-settings.js'
import type { AppError } from '../../errors.js'
import type { LogLine } from '../../host/vu-context.js'
import { sampleWidth } from '../../metrics/series.js'
import type { AuditRecord } from '../../policy/audit.js'
import { type Limits, trustedLimits } from '../../policy/limits.js'
import { trustedPolicy } from '../../policy/policy.js'

export interface RunOptions {
  limits?: Partial<Limits>
  env?: Record<string, string>
  /** Worker threads; one by default, since a thread takes most of a short run's time. */
  threads?: number
  /** Options over those of the script, as JSON. */
  options?: Record<string, unknown>
  settings?: Partial<TestRunSettings>
  /** Called with every line of the log, while the run goes on. */
  onLine?: (line: LogLine, run: TestRun) => void
  /** Told of what the policy refused. */
  audit?: (record: AuditRecord) => void
  /** Called when the options are settled, before any VU is made. */
  onBegin?: (run: TestRun) => void
  /** Called when the run is over, before its threads are ended. */
  onEnd?: (run: TestRun) => Promise<void>
}

export interface RunOutcome {
  run: TestRun
  result: RunResult
  error: AppError | undefined
  exitCode: number
  lines: LogLine[]
  /** Texts of the console in order. */
  said: string[]
  /** Texts of errors that are not of the console. */
  errors: string[]
  /** The sum of a counter over all its samples; undefined when there are none. */
  count(metric: string): number | undefined
}

/** The run of a script given as text, to its end. @throws what `prepare` throws */
export async function runScript(source: string, options: RunOptions = {}): Promise<RunOutcome> {
  const lines: LogLine[] = []
  const run: TestRun = new TestRun(
    {
      script: { mainUrl: 'file:///test/script.js', source },
      scriptName: 'script.js',
      env: new Map(Object.entries(options.env ?? {})),
      isBaseMode: false,
      freezesEnv: false,
      layers: { cli: () => parseOptions(options.options ?? {}, 'script').options },
      policy: { ...trustedPolicy, limits: { ...trustedLimits, ...options.limits } },
      threads: options.threads ?? 1,
      hasThresholds: true,
      hasBreakdown: false,
      canResume: true,
      ...options.settings,
    },
    {
      log(line) {
        lines.push(line)
        options.onLine?.(line, run)
      },
      ...(options.audit === undefined ? {} : { audit: options.audit }),
    },
  )
  const sums = new Map<string, number>()
  run.store.onSamples(({ samples, seriesOf }) => {
    for (let i = 0; i < samples.length; i += sampleWidth) {
      const name = seriesOf(samples[i]!)?.metric.name
      if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + samples[i + 2]!)
    }
  })
  try {
    await run.prepare()
    options.onBegin?.(run)
    const result = await run.execute()
    await options.onEnd?.(run)
    return {
      run,
      result,
      error: result.error,
      exitCode: result.error?.exitCode ?? 0,
      lines,
      said: lines.filter((line) => line.fields.source === 'console').map((line) => line.msg),
      errors: lines
        .filter((line) => line.level === 'error' && line.fields.source !== 'console')
        .map((line) => line.msg),
      count: (metric) => sums.get(metric),
    }
  } finally {
    await run.close()
  }
}

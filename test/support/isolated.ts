/** Runs a script as one of strangers, in a process of its own, and tells what came of it. */

import { IsolatedRun } from '../../engine/isolation/isolated-run.js'
import { parseOptions } from '../../engine/options/options.js'
import type { Finding } from '../../engine/rehearsal.js'
import type { Run, RunResult } from '../../engine/run.js'
import { TestRun } from '../../engine/test-run.js'
import type { Observer, TestRunSettings } from '../../engine/test-run-settings.js'
import type { LogLine } from '../../host/vu-context.js'
import type { AuditRecord } from '../../policy/audit.js'
import type { Limits } from '../../policy/limits.js'
import { type Policy, untrustedPolicy } from '../../policy/policy.js'

export interface IsolatedOptions {
  limits?: Partial<Limits>
  policy?: Partial<Policy>
  options?: Record<string, unknown>
  settings?: Partial<TestRunSettings>
  /** Of the process. */
  program?: string
  onLine?: (line: LogLine, run: Run) => void
  /** Called when the options are settled. */
  onBegin?: (run: Run) => void
  /** Called when the run is over, before its process is ended. */
  onEnd?: (run: Run, result: RunResult) => Promise<void>
}

export interface IsolatedOutcome {
  run: Run
  result: RunResult
  lines: LogLine[]
  said: string[]
  records: AuditRecord[]
}

/** What a test observes, and the settings of a run of `source`. */
export function isolatedSettings(
  source: string,
  { limits, policy, options, settings }: IsolatedOptions = {},
): TestRunSettings {
  return {
    script: { mainUrl: 'file:///test/script.js', source },
    scriptName: 'script.js',
    env: new Map(),
    isBaseMode: false,
    freezesEnv: false,
    layers: { cli: () => parseOptions(options ?? {}, 'script').options },
    policy: { ...untrustedPolicy, ...policy, limits: { ...untrustedPolicy.limits, ...limits } },
    threads: 1,
    hasThresholds: true,
    hasBreakdown: false,
    canResume: true,
    ...settings,
  }
}

/** To its end; `isHere` runs it in this process. @throws what `prepare` throws */
export async function runIsolated(
  source: string,
  options: IsolatedOptions = {},
  isHere = false,
): Promise<IsolatedOutcome> {
  const lines: LogLine[] = []
  const records: AuditRecord[] = []
  const settings = isolatedSettings(source, options)
  const observer: Observer = {
    log(line) {
      lines.push(line)
      options.onLine?.(line, run)
    },
    audit: (record) => records.push(record),
  }
  const run: Run = isHere ? new TestRun(settings, observer) : new IsolatedRun(settings, observer, options.program)
  try {
    await run.prepare()
    options.onBegin?.(run)
    const result = await run.execute()
    await options.onEnd?.(run, result)
    const said = lines.filter((line) => line.fields.source === 'console').map((line) => line.msg)
    return { run, result, lines, said, records }
  } finally {
    await run.close()
  }
}

/** Checks a script as `belljar check` does, in a process of its own. */
export async function checkIsolated(source: string): Promise<{ findings: Finding[]; summaries: string[] }> {
  const findings: Finding[] = []
  const summaries: string[] = []
  const settings = isolatedSettings(source, { settings: { isRehearsal: true, hasThresholds: false } })
  const run = new IsolatedRun(settings, { log() {}, finding: (finding) => findings.push(finding) })
  try {
    await run.prepare()
    await run.rehearse(() => {
      summaries.push(
        run.store
          .observed()
          .map(({ name }) => name)
          .join(' '),
      )
      return '{"given":"by the parent"}'
    })
  } finally {
    await run.close()
  }
  return { findings, summaries }
}

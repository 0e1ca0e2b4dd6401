/** Checks a script as `belljar check` does, with real threads, and tells what was found. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Finding, findingOf } from '../../engine/rehearsal.js'
import { TestRun } from '../../engine/test-run.js'
import type { LogLine } from '../../host/vu-context.js'
import { packageRoot } from '../../package-root.js'
import { type Limits, trustedLimits } from '../../policy/limits.js'
import { trustedPolicy } from '../../policy/policy.js'

export interface CheckOutcome {
  /** `severity line: text; hint`, in order; without a line where none is known. */
  found: string[]
  findings: Finding[]
  /** Texts of the console. */
  said: string[]
  log: LogLine[]
}

/** A script given as text, which stands beside hello.proto. */
export async function checkScript(
  source: string,
  limits: Partial<Limits> = {},
  { specs = [] }: { specs?: readonly string[] } = {},
): Promise<CheckOutcome> {
  const findings: Finding[] = []
  const log: LogLine[] = []
  const mainUrl = pathToFileURL(join(packageRoot, 'examples/single-connection/checked.js')).href
  const test = new TestRun(
    {
      script: { mainUrl, source },
      scriptName: 'checked.js',
      env: new Map(),
      isBaseMode: false,
      layers: {},
      policy: { ...trustedPolicy, limits: { ...trustedLimits, ...limits } },
      secrets: { specs, environment: {}, readFile: (path) => readFileSync(path, 'utf8') },
      hasThresholds: false,
      hasBreakdown: false,
      canResume: false,
      freezesEnv: false,
      isRehearsal: true,
    },
    { log: (line) => log.push(line), finding: (finding) => findings.push(finding) },
  )
  try {
    await test.prepare()
    await test.rehearse(() => '{"metrics":{}}')
  } catch (e) {
    findings.push(findingOf(e))
  } finally {
    await test.close()
  }
  return {
    findings,
    log,
    found: findings.map(({ severity, text, hint, place }) => {
      const line = place === undefined ? '' : ` ${place.line}`
      return `${severity}${line}: ${text}${hint === undefined ? '' : `; ${hint}`}`
    }),
    said: log.filter((line) => line.fields.source === 'console').map((line) => line.msg),
  }
}

/** `belljar check`: what is wrong with scripts, found without a server and without load. */

import type { PreparedRun } from '../../engine/prepare-run.js'
import { type Finding, findingOf } from '../../engine/rehearsal.js'
import type { Run } from '../../engine/run.js'
import { newRun } from '../../engine/start-run.js'
import { ExitCode, isAppError } from '../../errors.js'
import type { Policy } from '../../policy/policy.js'
import { summaryData } from '../../report/summary-data.js'
import { AuditLog } from '../audit-log.js'
import { type CheckFlags, parseCheckFlags } from '../check-flags.js'
import { commandPolicy } from '../policy.js'
import { type RunSettings, runSettings } from '../settings.js'
import { type CheckedScript, findingsJson, findingsText } from '../ui/findings.js'
import { openLogger } from '../ui/log.js'
import { observerOf, scriptSettings } from './test-settings.js'

/**
 * Runs the command to its end; answers the exit code: that of the first script with an error.
 *
 * @throws {AppError} for what is wrong before there is a log: flags, settings
 */
export async function check(argv: readonly string[], help: string): Promise<number> {
  const flags = parseCheckFlags(argv)
  if (flags.isHelp) {
    process.stdout.write(help)
    return ExitCode.ok
  }
  const policy = commandPolicy(flags.values)
  const settings = settingsOf(flags, policy)
  const log = openLogger(settings, policy.limits.logLineBytes)
  const checked: CheckedScript[] = []
  let audit: AuditLog | undefined
  try {
    audit = new AuditLog(settings.auditLog, policy, log.redactor, (error) => log.logger.error(error))
    for (const script of flags.scripts) {
      const result = await checkScript(script, settings, policy, log, audit)
      checked.push(result)
      if (!flags.values.json) process.stdout.write(log.redactor.redact(findingsText(result)))
    }
  } finally {
    audit?.close()
    log.logger.close()
  }
  if (flags.values.json) process.stdout.write(log.redactor.redact(findingsJson(checked)))
  return checked.find(({ exitCode }) => exitCode !== ExitCode.ok)?.exitCode ?? ExitCode.ok
}

function settingsOf({ values }: CheckFlags, policy: Policy): RunSettings {
  const { json: _, ...shared } = values
  return runSettings({ isHelp: false, script: '', values: shared }, process.env, policy)
}

type Log = ReturnType<typeof openLogger>

/** One script. What cannot be checked at all is an error that was found. */
async function checkScript(
  script: string,
  settings: RunSettings,
  policy: Policy,
  { logger, redactor }: Log,
  audit: AuditLog,
): Promise<CheckedScript> {
  const findings: Finding[] = []
  const observer = observerOf(logger, redactor, audit)
  let test: Run | undefined
  try {
    test = await newRun(
      {
        ...scriptSettings(script, settings, policy, logger),
        hasThresholds: false,
        hasBreakdown: false,
        canResume: false,
        isRehearsal: true,
      },
      {
        ...observer,
        // The answers are made up, and so is what a script says of them.
        log(line) {
          if (settings.isVerbose || line.fields.source !== 'console') observer.log(line)
        },
        finding: (finding) => findings.push(finding),
      },
    )
    const prepared = await test.prepare()
    await test.rehearse(summaryOf(test, prepared))
    return { script, findings, exitCode: exitCodeOf(findings) }
  } catch (e) {
    findings.push(findingOf(e))
    return { script, findings, exitCode: isAppError(e) ? e.exitCode : ExitCode.internal }
  } finally {
    await test?.close()
  }
}

const summaryOf =
  ({ store, thresholds }: Run, { options }: PreparedRun) =>
  () =>
    JSON.stringify(
      summaryData(store, thresholds, {
        testRunDurationMs: 1000,
        trendStats: options.summaryTrendStats,
        timeUnit: (options.summaryTimeUnit ?? '') as '' | 's' | 'ms' | 'us',
        noColor: true,
        isStdOutTty: false,
        isStdErrTty: false,
      }),
    )

/** The code that a run would end with: errors of options come before those of what is run. */
function exitCodeOf(findings: readonly Finding[]): number {
  const errors = findings.filter(({ severity }) => severity === 'error')
  if (errors.length === 0) return ExitCode.ok
  return errors.some(({ during }) => during === undefined) ? ExitCode.invalidConfig : ExitCode.scriptException
}

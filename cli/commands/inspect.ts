/** `belljar inspect`: the options of a script as JSON. Runs the init code once, and no VU. */

import { consolidatedJson, layerOptions, optionsJson } from '../../engine/options/consolidate.js'
import type { JsonValue } from '../../engine/options/json-reader.js'
import type { OptionWarning } from '../../engine/options/options.js'
import type { Run } from '../../engine/run.js'
import { newRun } from '../../engine/start-run.js'
import { ExitCode } from '../../errors.js'
import { formatDuration } from '../../go/duration.js'
import { jsonText } from '../../report/clean-text.js'
import type { Logger } from '../../report/logger.js'
import { AuditLog } from '../audit-log.js'
import { flagOptions, type InspectFlags, parseInspectFlags } from '../flags.js'
import { settleLock } from '../lock-file.js'
import { commandPolicy } from '../policy.js'
import { runSettings } from '../settings.js'
import { logError, openLogger } from '../ui/log.js'
import { observerOf, testRunSettings } from './test-settings.js'

/**
 * Runs the command to its end; answers the exit code.
 *
 * @throws {AppError} for what is wrong before there is a log: flags, settings
 */
export async function inspect(argv: readonly string[], help: string): Promise<number> {
  const flags = parseInspectFlags(argv)
  if (flags.isHelp) {
    process.stdout.write(help)
    return ExitCode.ok
  }
  const policy = commandPolicy(flags.values)
  const settings = runSettings(flags, process.env, { includesSystemEnv: false, env: policy.env })
  const { logger, redactor } = openLogger(settings, policy.limits.logLineBytes)
  let test: Run | undefined
  let audit: AuditLog | undefined
  try {
    audit = new AuditLog(settings.auditLog, policy, redactor, (error) => logger.error(error))
    const testSettings = { ...testRunSettings(flags, settings, policy, logger), canResume: true }
    test = await newRun(testSettings, observerOf(logger, redactor, audit))
    const options = await optionsOf(test, flags, logger)
    settleLock(flags.script, settings, testSettings.script.lock, test.remotes, logger)
    process.stdout.write(`${goJson(options)}\n`)
    return ExitCode.ok
  } catch (e) {
    return logError(logger, e)
  } finally {
    await test?.close()
    audit?.close()
    logger.close()
  }
}

/** As k6 has it: what the script exports, or with --execution-requirements what all sources make of it. */
async function optionsOf(test: Run, flags: InspectFlags, logger: Logger): Promise<JsonValue> {
  if (flags.values['execution-requirements'] !== true) {
    const { options, warnings } = await test.load()
    warn(logger, warnings)
    return optionsJson(layerOptions(options, flagOptions(flags)))
  }
  const { specified, plan, warnings } = await test.prepare()
  warn(logger, warnings)
  return {
    ...consolidatedJson(specified),
    totalDuration: formatDuration(plan.maxDurationMs),
    maxVUs: plan.maxPossibleVUs,
  }
}

function warn(logger: Logger, warnings: readonly OptionWarning[]): void {
  for (const { message, error } of warnings) logger.warning(message, error === undefined ? {} : { error })
}

const htmlCharacters = /[<>&]/g

/** Go writes JSON so that it can stand in HTML. */
function goJson(value: JsonValue): string {
  const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return jsonText(value, 2).replace(htmlCharacters, escaped)
}

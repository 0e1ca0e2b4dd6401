/** `belljar run`: the run of one script, with its log, its progress, its outputs and its summary. */
import { testOptions } from '../../engine/options/consolidate.js'
import type { PreparedRun } from '../../engine/prepare-run.js'
import type { Run, RunResult } from '../../engine/run.js'
import { newRun } from '../../engine/start-run.js'
import { AppError, ExitCode } from '../../errors.js'
import { bannerText, descriptionText } from '../../report/description.js'
import { openLogFile } from '../../report/log-output.js'
import type { Logger } from '../../report/logger.js'
import { createOutput, type Output } from '../../report/outputs/index.js'
import type { RunEnd } from '../../report/outputs/reported-run.js'
import type { Redactor } from '../../report/redaction.js'
import { AuditLog } from '../audit-log.js'
import { parseRunFlags } from '../flags.js'
import { settleLock } from '../lock-file.js'
import { commandPolicy } from '../policy.js'
import { type RunSettings, runSettings } from '../settings.js'
import { LiveProgress } from '../ui/live-progress.js'
import { logError, openLogger } from '../ui/log.js'
import { onSignals } from '../ui/signals.js'
import { writeSummary } from '../ui/summary.js'
import { observerOf, testRunSettings } from './test-settings.js'

/**
 * Runs the command to its end; answers the exit code.
 *
 * @throws {AppError} for what is wrong before there is a log: flags, settings
 */
export async function run(argv: readonly string[], help: string): Promise<number> {
  const flags = parseRunFlags(argv)
  if (flags.isHelp) {
    process.stdout.write(help)
    return ExitCode.ok
  }
  const policy = commandPolicy(flags.values)
  const settings = runSettings(flags, process.env, policy)
  const { limits } = policy
  const { logger, target, redactor } = openLogger(settings, limits.logLineBytes)
  const fail = (e: unknown) => logError(logger, e)
  let test: Run | undefined
  let audit: AuditLog | undefined
  const outputs: Output[] = []
  let screen: LiveProgress | undefined
  let closeApi = () => {}
  try {
    audit = new AuditLog(settings.auditLog, policy, redactor, (error) => logger.error(error))
    const gate = audit.gate
    const testSettings = testRunSettings(flags, settings, policy, logger)
    test = await newRun(testSettings, observerOf(logger, redactor, audit))
    const prepared = await test.prepare()
    settleLock(flags.script, settings, testSettings.script.lock, test.remotes, logger)
    const { options } = prepared
    if (options.consoleOutput) {
      logger.sendConsoleTo(openLogFile(options.consoleOutput, (error) => logger.error(error), 0o644))
    }
    for (const { message, error } of prepared.warnings) logger.warning(message, error === undefined ? {} : { error })
    for (const value of options.out ?? []) outputs.push(await openOutput(value, flags.script, test, prepared, logger))
    screen = new LiveProgress(test, prepared, settings, target)
    if (settings.address !== undefined) {
      const { serveRestApi } = await import('../rest-api/server.js')
      const api = await serveRestApi(settings.address, test, limits, logger, redactor)
      closeApi = () => api.close()
    }
    if (!settings.isQuiet) describe(flags.script, prepared, outputs, settings)
    const off = onSignals(test, logger)
    const result = await withProgress(test, screen)
    await stopAll(outputs, { ...result, thresholds: test.thresholds, error: withoutSecrets(result.error, redactor) })
    if (result.hasBegun) await writeSummary(test, prepared, result, flags.script, settings, gate, logger)
    screen.finish()
    if (result.error !== undefined) fail(result.error)
    if (options.linger) await linger(off, result)
    off()
    return result.error?.exitCode ?? ExitCode.ok
  } catch (e) {
    await stopAll(outputs)
    screen?.finish()
    return fail(e)
  } finally {
    closeApi()
    await test?.close()
    audit?.close()
    logger.close()
  }
}

async function withProgress(test: Run, screen: LiveProgress): Promise<RunResult> {
  screen.start()
  try {
    return await test.execute()
  } finally {
    screen.stop()
  }
}

async function openOutput(
  value: string,
  script: string,
  test: Run,
  prepared: PreparedRun,
  logger: Logger,
): Promise<Output> {
  const { plan, specified } = prepared
  const output = await createOutput(value, {
    store: test.store,
    thresholds: prepared.thresholds,
    run: { script, summary: plan.summary, scenarios: plan.descriptions, options: testOptions(specified) },
    systemTags: prepared.options.systemTags,
    stdout: process.stdout,
    environment: process.env,
    onError: (error) => logger.error(error),
  })
  test.store.onSamples((samples) => output.add(samples))
  return output
}

/** Together, so that one output that is slow to end does not keep another waiting. */
async function stopAll(outputs: Output[], end?: RunEnd): Promise<void> {
  await Promise.all(outputs.splice(0).map((output) => output.stop(end)))
}

function describe(script: string, prepared: PreparedRun, outputs: readonly Output[], settings: RunSettings): void {
  const hasColor = process.stdout.isTTY === true && !settings.noColor
  process.stdout.write(
    bannerText(hasColor) +
      descriptionText(
        {
          script,
          outputs: outputs.map((output) => output.description),
          summary: prepared.plan.summary,
          scenarios: prepared.plan.descriptions,
        },
        hasColor,
      ),
  )
}

/** What ended the run, for reports: they show of it what the log shows. */
function withoutSecrets(error: AppError | undefined, redactor: Redactor): AppError | undefined {
  return error && new AppError(error.code, redactor.redact(error.message), { exitCode: error.exitCode })
}

/** Waits for a signal after the end. */
async function linger(off: () => void, result: RunResult): Promise<void> {
  off()
  if (result.error?.code === 'INTERRUPTED') return
  process.stdout.write('The test is done, but --linger was enabled, so belljar is waiting for Ctrl+C to continue...\n')
  await new Promise<void>((done) => {
    const keepAlive = setInterval(() => {}, 2 ** 30)
    process.once('SIGINT', () => {
      clearInterval(keepAlive)
      done()
    })
  })
}

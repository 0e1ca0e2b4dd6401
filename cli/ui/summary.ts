/** What follows a run: handleSummary or the text summary, and the file of --summary-export. */
import { writeFileSync } from 'node:fs'
import type { PreparedRun } from '../../engine/prepare-run.js'
import type { Run, RunResult } from '../../engine/run.js'
import { isStream, readSummary, type SummaryEntry } from '../../engine/summary-entries.js'
import { isAppError } from '../../errors.js'
import type { Gate } from '../../policy/gate.js'
import { writeRegularFile } from '../../policy/written-files.js'
import { jsonText, terminalText } from '../../report/clean-text.js'
import type { Logger } from '../../report/logger.js'
import { machineSummary } from '../../report/machine-summary.js'
import { summaryData } from '../../report/summary-data.js'
import { summaryExport } from '../../report/summary-export.js'
import { summaryText } from '../../report/summary-text.js'
import type { SummaryContext } from '../../report/summary-values.js'
import type { RunSettings } from '../settings.js'

export async function writeSummary(
  test: Run,
  { options }: PreparedRun,
  result: RunResult,
  script: string,
  settings: RunSettings,
  gate: Gate,
  logger: Logger,
): Promise<void> {
  if (settings.summaryMode === 'disabled') return
  const context: SummaryContext = {
    testRunDurationMs: result.durationMs,
    trendStats: options.summaryTrendStats,
    timeUnit: (options.summaryTimeUnit ?? '') as SummaryContext['timeUnit'],
    noColor: settings.noColor,
    isStdOutTty: process.stdout.isTTY === true,
    isStdErrTty: process.stderr.isTTY === true,
    setupData: result.setupData,
  }
  const { store, thresholds } = test
  const machine = settings.hasMachineSummary ? machineSummary(store, context, script, new Date()) : undefined
  const own = result.hasHandleSummary
    ? await test.handleSummary(JSON.stringify(machine ?? summaryData(store, thresholds, context)))
    : undefined
  if (own !== undefined) writeOwn(own, gate, logger)
  else process.stdout.write(`\n${summaryText(store, thresholds, context, settings.summaryMode)}\n\n`)
  if (settings.summaryExport !== undefined) {
    const text = machine === undefined ? summaryExport(store, thresholds, context) : jsonText(machine, 4)
    write(settings.summaryExport, text, logger)
  }
}

/** A file or a program gets what the script made; a terminal gets nothing that steers it but colours. */
const shown = (content: string | Uint8Array, isTerminal: boolean | undefined) =>
  isTerminal ? terminalText(typeof content === 'string' ? content : Buffer.from(content).toString()) : content

function write(path: string, content: string, logger: Logger): void {
  const problem = problemOf(path, () => writeFileSync(path, content))
  if (problem !== undefined) logger.error('failed to save the summary', { error: problem })
}

function problemOf(path: string, write: () => void): string | undefined {
  try {
    write()
    return undefined
  } catch (e) {
    return `could not open '${path}': ${(e as Error).message}`
  }
}

/** Writes what handleSummary returned: to standard output and error, and to files. */
function writeOwn(json: string, gate: Gate, logger: Logger): void {
  const fail = (error: string) => logger.error('failed to handle the end-of-test summary', { error })
  let entries: SummaryEntry[]
  try {
    entries = readSummary(json, gate)
  } catch (e) {
    if (!isAppError(e)) throw e
    fail(e.message)
    return
  }
  const problems: string[] = []
  for (const { path, content } of entries) {
    if (isStream(path)) process[path].write(shown(content, process[path].isTTY))
    else {
      const problem = problemOf(path, () => writeRegularFile(path, content, gate.writeRules))
      if (problem !== undefined) problems.push(problem)
    }
  }
  if (problems.length > 0) fail(`Could not save some summary information:\n\t- ${problems.join('\n\t- ')}`)
}

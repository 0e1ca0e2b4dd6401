/** What follows a run: handleSummary or the text summary, and the file of --summary-export. */
import { writeFileSync } from 'node:fs'
import type { PreparedRun } from '../../engine/prepare-run.js'
import type { Run, RunResult } from '../../engine/run.js'
import { terminalText } from '../../report/clean-text.js'
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
  if (own !== undefined) writeOwn(own, logger)
  else process.stdout.write(`\n${summaryText(store, thresholds, context, settings.summaryMode)}\n\n`)
  if (settings.summaryExport !== undefined) {
    const text = machine === undefined ? summaryExport(store, thresholds, context) : JSON.stringify(machine, null, 4)
    write(settings.summaryExport, text, logger)
  }
}

/** A file or a program gets what the script made; a terminal gets nothing that steers it but colours. */
const shown = (content: string | Uint8Array, isTerminal: boolean | undefined) =>
  isTerminal ? terminalText(typeof content === 'string' ? content : Buffer.from(content).toString()) : content

function write(path: string, content: string | Uint8Array, logger: Logger): void {
  const problem = tryWrite(path, content)
  if (problem !== undefined) logger.error('failed to save the summary', { error: problem })
}

function tryWrite(path: string, content: string | Uint8Array): string | undefined {
  try {
    writeFileSync(path, content)
    return undefined
  } catch (e) {
    return `could not open '${path}': ${(e as Error).message}`
  }
}

/** Entries as the guest half writes them: [path, 'text' | 'base64', content]. */
type OwnEntry = readonly [path: string, encoding: 'text' | 'base64', content: string]

/** Writes what handleSummary returned: to standard output and error, and to files. */
function writeOwn(json: string, logger: Logger): void {
  const problems: string[] = []
  for (const [path, encoding, text] of JSON.parse(json) as OwnEntry[]) {
    const content = encoding === 'text' ? text : Buffer.from(text, 'base64')
    if (path === 'stdout') process.stdout.write(shown(content, process.stdout.isTTY))
    else if (path === 'stderr') process.stderr.write(shown(content, process.stderr.isTTY))
    else {
      const problem = tryWrite(path, content)
      if (problem !== undefined) problems.push(problem)
    }
  }
  if (problems.length > 0) {
    logger.error('failed to handle the end-of-test summary', {
      error: `Could not save some summary information:\n\t- ${problems.join('\n\t- ')}`,
    })
  }
}

/** The log of the command, as its settings want it. */
import { failureMessage, stackFields } from '../../engine/script-failure.js'
import { ExitCode, isAppError } from '../../errors.js'
import { openLogFile, parseLogOutput } from '../../report/log-output.js'
import { type LogFormat, Logger } from '../../report/logger.js'
import { Redactor } from '../../report/redaction.js'
import type { RunSettings } from '../settings.js'

/** More than the note at the end of a line that was cut. */
const cutNoteBytes = 40

/** Lines on their way to a stream; on a terminal they must not mix with the progress that is drawn there. */
export class StreamTarget {
  readonly stream: NodeJS.WriteStream
  /** Takes over the writing while something else is drawn. */
  writeAbove: ((stream: NodeJS.WriteStream, text: string) => void) | undefined

  constructor(stream: NodeJS.WriteStream) {
    this.stream = stream
  }

  write(text: string): void {
    if (this.writeAbove === undefined) this.stream.write(text)
    else this.writeAbove(this.stream, text)
  }
}

/**
 * @param lineBytes the limit `logLineBytes`
 * @throws {AppError} USAGE, OUTPUT_FAILED for a wrong --log-output
 */
export function openLogger(
  settings: RunSettings,
  lineBytes: number,
): { logger: Logger; target: StreamTarget | undefined; redactor: Redactor } {
  const redactor = new Redactor()
  const output = parseLogOutput(settings.logOutput)
  const stream = output.kind === 'stdout' ? process.stdout : process.stderr
  const streamTarget = output.kind === 'file' || output.kind === 'none' ? undefined : new StreamTarget(stream)
  const fileTarget =
    output.kind === 'file'
      ? openLogFile(output.path, (error) => process.stderr.write(`${error}\n`))
      : { write: () => {} }
  const logger = new Logger({
    target: streamTarget ?? fileTarget,
    format: settings.logFormat as LogFormat,
    isColored: streamTarget !== undefined && stream.isTTY === true && !settings.noColor,
    level: settings.isVerbose ? 'debug' : 'info',
    // Lines of scripts were cut where they came from, and say by how much.
    limits: { lineBytes: lineBytes + cutNoteBytes },
    redactor,
    ...(output.kind === 'file' ? { targetLevel: output.level } : {}),
  })
  return { logger, target: streamTarget, redactor }
}

/** Logs what ended the command; answers the exit code. */
export function logError(logger: Logger, e: unknown): number {
  if (!isAppError(e)) {
    logger.error(`internal error: ${e instanceof Error ? (e.stack ?? e.message) : String(e)}`)
    return ExitCode.internal
  }
  if ('failure' in e)
    logger.error(failureMessage((e as { failure: Parameters<typeof failureMessage>[0] }).failure), stackFields)
  else if (e.details?.source === stackFields.source) logger.error(e.message, stackFields)
  else logger.error(e.message, e.hint === undefined ? {} : { hint: e.hint })
  return e.exitCode
}

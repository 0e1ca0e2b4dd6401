/**
 * Where the log goes: reads the value of --log-output and opens files. Files are written at once, so that nothing is
 * lost when the process ends in the middle of something.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { AppError } from '../errors.js'
import type { LogLevel } from './log-format.js'

/** The value of --log-output. */
export type LogOutput =
  | { readonly kind: 'stderr' | 'stdout' | 'none' }
  | { readonly kind: 'file'; readonly path: string; readonly level: LogLevel }

/** Takes the lines of a log. */
export interface LogTarget {
  write(text: string): void
  close?(): void
}

const levelNames = new Map<string, LogLevel>([
  ['trace', 'debug'],
  ['debug', 'debug'],
  ['info', 'info'],
  ['warn', 'warning'],
  ['warning', 'warning'],
  ['error', 'error'],
])

/**
 * Reads `stderr`, `stdout`, `none` or `file=path[,level=x]`.
 *
 * @throws {AppError} `USAGE` for anything else, `NOT_SUPPORTED` for loki
 */
export function parseLogOutput(text: string): LogOutput {
  if (text === 'stderr' || text === 'stdout' || text === 'none') return { kind: text }
  if (text.startsWith('loki')) {
    throw new AppError('NOT_SUPPORTED', `log output '${text}' is not supported`, {
      hint: 'use --log-output=file=PATH and let a log collector send the file to Loki',
    })
  }
  if (!text.startsWith('file')) throw new AppError('USAGE', `unsupported log output '${text}'`)
  if (text !== 'file' && !text.startsWith('file=')) {
    throw new AppError(
      'USAGE',
      `logfile configuration should be in the form \`file=path-to-local-file\` but is \`${text}\``,
    )
  }
  return parseFileOutput(text)
}

function parseFileOutput(text: string): LogOutput {
  let path = ''
  let level: LogLevel = 'debug'
  for (const part of text.split(',')) {
    const [name = '', ...rest] = part.split('=')
    const value = rest.join('=')
    if (name === 'file') path = value
    else if (name === 'level') level = parseLogLevel(value)
    else throw new AppError('USAGE', `unknown logfile config key ${name}`)
  }
  if (path === '') throw new AppError('USAGE', 'filepath must not be empty')
  return { kind: 'file', path, level }
}

function parseLogLevel(name: string): LogLevel {
  const level = levelNames.get(name.toLowerCase())
  if (level === undefined) throw new AppError('USAGE', `unknown log level ${name}`)
  return level
}

/**
 * Opens a file for log lines; they are put at its end.
 *
 * @param onError told once, when writing fails (a full disk is no reason to end a run); what follows is thrown away
 * @param mode permissions of a new file
 * @throws {AppError} `OUTPUT_FAILED` if it cannot be opened
 */
export function openLogFile(path: string, onError: (error: string) => void, mode = 0o600): LogTarget {
  const fd = openForAppend(path, mode)
  let isOpen = true
  let hasFailed = false
  return {
    write(text) {
      if (!isOpen || hasFailed) return
      try {
        writeSync(fd, text)
      } catch (e) {
        hasFailed = true
        onError(`failed to write a log message to ${path}: ${e instanceof Error ? e.message : String(e)}`)
      }
    },
    close() {
      if (isOpen) closeSync(fd)
      isOpen = false
    },
  }
}

function openForAppend(path: string, mode: number): number {
  try {
    return openSync(path, 'a', mode)
  } catch (e) {
    const reason = e instanceof Error ? e.message : String(e)
    throw new AppError('OUTPUT_FAILED', `failed to open logfile ${path}: ${reason}`, { cause: e })
  }
}

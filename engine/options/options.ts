/**
 * Reads options from what gives them: the object that a script exports, a configuration file, the environment. Each gives a
 * sparse `Options`; `consolidate.ts` makes one of them.
 */
import { AppError } from '../../errors.js'
import { GoSyntaxError } from '../../go/number.js'
import { goQuote } from '../../go/quote.js'
import {
  fieldFor,
  GoTypeError,
  isJsonObject,
  type JsonValue,
  jsonObject,
  readField,
  sortedKeys,
  typeError,
} from './json-reader.js'
import { type Options, optionFields } from './option-table.js'

export type { Options } from './option-table.js'

/** Where options came from; `caller` is whoever starts a run by the library. */
export type OptionSource = 'script' | 'file' | 'caller'

/** Something to tell the user; `error` is a field of its own in the log line. */
export interface OptionWarning {
  readonly message: string
  readonly error?: string
}

export interface ParsedOptions {
  readonly options: Options
  readonly warnings: readonly OptionWarning[]
}

/** Keys of a configuration file that mean nothing without the cloud. */
const overlookedFileKeys = ['noArchiveUpload', 'collectors']

/**
 * Reads the options that a script exports, or the contents of a configuration file.
 *
 * @param json decoded JSON; for a script a copy of the exported object made outside of its VM
 * @param source in a script unknown keys give a warning, in a file k6 overlooks them, from a caller they are an error
 * @throws {AppError} OPTIONS_INVALID for the first value that cannot be read. The message is k6's own without what k6
 *   puts in front of it (`could not initialize '…': could not load JS test '…': `), which the caller knows
 */
export function parseOptions(json: unknown, source: OptionSource): ParsedOptions {
  const options: Options = {}
  try {
    refuseTooDeep(json)
    const unknown = readOptions(options, json, source)
    if (unknown === undefined || source === 'file') return { options, warnings: [] }
    if (source === 'caller') throw new GoSyntaxError(`unknown option ${goQuote(unknown)}`)
    const warning = {
      message: 'There were unknown fields in the options exported in the script',
      error: `json: unknown field ${goQuote(unknown)}`,
    }
    return { options, warnings: [warning] }
  } catch (e) {
    if (!(e instanceof Error)) throw e
    const message = source === 'script' && e instanceof GoTypeError ? withLine(json, e) : e.message
    throw new AppError('OPTIONS_INVALID', message, { cause: e })
  }
}

/** How deep lists and objects may be nested: options are copied and printed by recursion. */
const maxDepth = 1_000

function refuseTooDeep(json: unknown): void {
  let level: unknown[] = [json]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) throw new GoSyntaxError('exceeded max depth')
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []))
  }
}

/** @returns the first unknown key */
function readOptions(into: Options, json: unknown, source: OptionSource): string | undefined {
  if (json === null || json === undefined) return undefined
  if (!isJsonObject(json)) throw typeError(json, source === 'file' ? 'cmd.Config' : 'lib.Options')
  const fields = new Map(
    optionFields.flatMap((field) =>
      field.json !== undefined && (source === 'file' || !field.isConfigOnly) ? [[field.json, field] as const] : [],
    ),
  )
  const names = [...fields.keys(), ...(source === 'file' ? overlookedFileKeys : [])]
  let unknown: string | undefined
  for (const key of source === 'file' ? Object.keys(json) : sortedKeys(json)) {
    const name = fieldFor(names, key)
    if (name === undefined) unknown ??= key
    else readField('Options', name, () => fields.get(name)?.readJson(into, json[key]))
  }
  return unknown
}

/** k6 shows the line of the options at which its decoder stood, which for inner values is one near the top. */
function withLine(json: unknown, error: GoTypeError): string {
  const text = JSON.stringify(sortedCopy(json), null, 2) ?? 'null'
  const start = Math.max(text.lastIndexOf('\n', Math.max(error.offset - 1, 0)), 0)
  const end = text.indexOf('\n', Math.max(error.offset, start + 1))
  const line = text
    .slice(start, end < 0 ? undefined : end)
    .trim()
    .slice(0, 300)
  return `parsing options from script got error while parsing ${goQuote(line)}: ${error.message}`
}

function sortedCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedCopy)
  if (!isJsonObject(value)) return value
  return jsonObject(sortedKeys(value).map((key) => [key, sortedCopy(value[key]) as JsonValue]))
}

/**
 * Reads the text of a configuration file.
 *
 * @param path as the user gave it, for messages
 * @throws {AppError} OPTIONS_INVALID
 */
export function parseConfigFile(text: string, path: string): ParsedOptions {
  const refuse = (e: unknown) =>
    new AppError(
      'OPTIONS_INVALID',
      `failed to load the configuration file from the local file system: couldn't parse the configuration from ${goQuote(path)}: ${(e as Error).message}`,
      { cause: e },
    )
  try {
    return parseOptions(JSON.parse(text), 'file')
  } catch (e) {
    throw refuse(e)
  }
}

/**
 * Reads the options among the K6_ variables of the environment.
 *
 * @throws {AppError} OPTIONS_INVALID for the first variable that cannot be read
 */
export function parseEnvironment(env: Readonly<Record<string, string | undefined>>): Options {
  const options: Options = {}
  for (const field of optionFields) {
    if (field.env === undefined || !Object.hasOwn(env, field.env)) continue
    const text = env[field.env]
    if (text === undefined) continue
    try {
      field.readText(options, text)
    } catch (e) {
      throw new AppError(
        'OPTIONS_INVALID',
        `envconfig.Process: assigning ${field.env} to ${field.goName}: converting '${text}' to type ${field.goType}. details: ${(e as Error).message}`,
        { cause: e },
      )
    }
  }
  return options
}

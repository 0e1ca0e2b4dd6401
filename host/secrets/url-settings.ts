/**
 * The settings of the secret source `url`, as k6's documentation has them: from the environment, over that from a JSON file,
 * over both from the command line.
 */
import { parseGoDuration } from '../../go/duration.js'
import type { SourceSurroundings } from './secret-source.js'
import { keyAndValue, type SourceSpec, sourceError } from './source-spec.js'

export interface UrlSettings {
  /** Has `{key}` where the key goes. */
  readonly urlTemplate: string
  readonly method: string
  readonly headers: ReadonlyMap<string, string>
  /** Names of members, dots between them; empty for the whole response. */
  readonly responsePath: string
  readonly timeoutMs: number
  readonly requestsPerMinuteLimit: number
  readonly requestsBurst: number
  readonly maxRetries: number
  readonly retryBackoffMs: number
}

const defaults: Readonly<Record<string, string>> = {
  method: 'GET',
  responsePath: '',
  timeout: '30s',
  requestsPerMinuteLimit: '300',
  requestsBurst: '10',
  maxRetries: '3',
  retryBackoff: '1s',
}
const names: ReadonlySet<string> = new Set(['urlTemplate', ...Object.keys(defaults)])
const environmentPrefix = 'K6_SECRET_SOURCE_URL_'
const headerPrefix = 'headers.'

/** @throws {AppError} USAGE, which names the setting and not its value */
export function readUrlSettings(spec: SourceSpec, index: number, surroundings: SourceSurroundings): UrlSettings {
  const inline = inlineSettings(spec, index)
  const file = inline.get('config')
  inline.delete('config')
  const found = new Map([
    ...Object.entries(defaults),
    ...environmentSettings(surroundings.environment),
    ...(file === undefined ? [] : fileSettings(file, index, surroundings)),
    ...inline,
  ])
  const headers = new Map<string, string>()
  for (const [name, value] of found) {
    if (name.startsWith(headerPrefix)) headers.set(name.slice(headerPrefix.length), value)
    else if (!names.has(name)) throw sourceError(index, `there is no setting "${name}"`)
  }
  const text = (name: string) => found.get(name) ?? ''
  const number = (name: string, least: number) => {
    const value = Number(text(name))
    if (Number.isInteger(value) && value >= least) return value
    throw sourceError(index, `${name} must be a whole number from ${least} on`)
  }
  const duration = (name: string) => {
    try {
      return parseGoDuration(text(name))
    } catch {
      throw sourceError(index, `${name} must be a time, as 30s or 500ms`)
    }
  }
  const urlTemplate = text('urlTemplate')
  if (!urlTemplate.includes('{key}') || !/^https?:\/\/./.test(urlTemplate)) {
    throw sourceError(index, 'urlTemplate must be an http or https URL with {key} in it')
  }
  return {
    urlTemplate,
    method: text('method').toUpperCase(),
    headers,
    responsePath: text('responsePath'),
    timeoutMs: duration('timeout'),
    requestsPerMinuteLimit: number('requestsPerMinuteLimit', 1),
    requestsBurst: number('requestsBurst', 1),
    maxRetries: number('maxRetries', 0),
    retryBackoffMs: duration('retryBackoff'),
  }
}

function inlineSettings({ parts }: SourceSpec, index: number): Map<string, string> {
  return new Map(
    parts.map((part, at) => {
      const pair = keyAndValue(part)
      if (pair === undefined) throw sourceError(index, `setting number ${at + 1} is not of the form name=value`)
      return pair
    }),
  )
}

/** `K6_SECRET_SOURCE_URL_MAX_RETRIES` is maxRetries, and `…_HEADER_X_API_KEY` the header x-api-key. */
function environmentSettings(environment: SourceSurroundings['environment']): [string, string][] {
  const found: [string, string][] = []
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(environmentPrefix) || value === undefined) continue
    const words = variable.slice(environmentPrefix.length).toLowerCase().split('_')
    if (words[0] === 'header') found.push([`${headerPrefix}${words.slice(1).join('-')}`, value])
    else found.push([words.map((word, i) => (i === 0 ? word : capitalised(word))).join(''), value])
  }
  return found
}

const capitalised = (word: string) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`

function fileSettings(path: string, index: number, { readFile }: SourceSurroundings): [string, string][] {
  let found: unknown
  try {
    found = JSON.parse(readFile(path))
  } catch {
    throw sourceError(index, `${path} cannot be read, or is not JSON`)
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) {
    throw sourceError(index, `${path} must hold an object`)
  }
  return Object.entries(found).flatMap(([name, value]: [string, unknown]): [string, string][] => {
    if (name !== 'headers') return [[name, String(value)]]
    if (typeof value !== 'object' || value === null) throw sourceError(index, `headers in ${path} must be an object`)
    return Object.entries(value).map(([header, text]) => [`${headerPrefix}${header}`, String(text)])
  })
}

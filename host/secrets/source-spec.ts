/** A value of --secret-source: `type=config`, where the config may hold `name=x` and `default`. */
import { AppError } from '../../errors.js'

export interface SourceSpec {
  readonly type: string
  /** What scripts call it; undefined when it was not named. */
  readonly name: string | undefined
  readonly isDefault: boolean
  /** What is left of the config, for the source: its parts between commas. */
  readonly parts: readonly string[]
}

/** Never has the text in a message: it may hold secrets. */
export function sourceError(index: number, problem: string): AppError {
  return new AppError('USAGE', `--secret-source number ${index + 1}: ${problem}`, {
    hint: 'examples: mock=key=value, file=secrets.txt, url=urlTemplate=https://host/{key}; with name=x or default',
  })
}

/** @throws {AppError} USAGE */
export function parseSourceSpec(text: string, index: number): SourceSpec {
  const equals = text.indexOf('=')
  const type = equals < 0 ? text : text.slice(0, equals)
  const config = equals < 0 ? '' : text.slice(equals + 1)
  let name: string | undefined
  let isDefault = false
  const parts: string[] = []
  for (const part of config.split(',')) {
    if (part === 'default') isDefault = true
    else if (part.startsWith('name=')) name = part.slice('name='.length)
    else if (part !== '') parts.push(part)
  }
  if (name === '') throw sourceError(index, 'its name is empty')
  return { type, name, isDefault, parts }
}

/** `key=value`, at the first equals sign. Undefined without one. */
export function keyAndValue(text: string): [key: string, value: string] | undefined {
  const equals = text.indexOf('=')
  return equals < 0 ? undefined : [text.slice(0, equals), text.slice(equals + 1)]
}

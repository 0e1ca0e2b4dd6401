/** The sources whose secrets are all known beforehand: `mock`, from the command line, and `file`, from lines of key=value. */
import { SecretError, type SecretSource, type SourceSurroundings } from './secret-source.js'
import { keyAndValue, type SourceSpec, sourceError } from './source-spec.js'

function sourceOf(secrets: ReadonlyMap<string, string>): SecretSource {
  return {
    async get(key) {
      const value = secrets.get(key)
      if (value === undefined) throw new SecretError('no value')
      return value
    },
  }
}

/** @throws {AppError} USAGE */
export function openMockSource({ parts }: SourceSpec, index: number): SecretSource {
  return sourceOf(
    new Map(
      parts.map((part, at) => {
        const pair = keyAndValue(part)
        if (pair === undefined) throw sourceError(index, `secret number ${at + 1} is not of the form key=value`)
        return pair
      }),
    ),
  )
}

/** @throws {AppError} USAGE */
export function openFileSource({ parts }: SourceSpec, index: number, { readFile }: SourceSurroundings): SecretSource {
  const [path, ...others] = parts.map((part) => part.replace(/^filename=/, ''))
  if (path === undefined || others.length > 0) throw sourceError(index, 'one file is needed: file=PATH')
  let text: string
  try {
    text = readFile(path)
  } catch (e) {
    throw sourceError(index, `the file ${path} cannot be read: ${(e as NodeJS.ErrnoException).code ?? 'unknown error'}`)
  }
  const secrets = new Map<string, string>()
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue
    const pair = keyAndValue(line)
    if (pair === undefined) throw sourceError(index, `line ${at + 1} of ${path} is not of the form key=value`)
    secrets.set(...pair)
  }
  return sourceOf(secrets)
}

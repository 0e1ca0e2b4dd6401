/** TypeScript without a build step: types are stripped file by file and never checked, as k6 does. */
import { transformSync } from 'oxc-transform'
import { AppError } from '../errors.js'

/** JavaScript of a TypeScript file. @throws {AppError} SCRIPT_EXCEPTION for a syntax error, with its place */
export function stripTypes(url: string, source: string): string {
  const { code, errors } = transformSync(url.slice(url.lastIndexOf('/') + 1), source, {
    sourceType: 'module',
    lang: 'ts',
  })
  const first = errors[0]
  if (first !== undefined) {
    const at = first.labels[0]?.start ?? 0
    const before = source.slice(0, at).split('\n')
    throw new AppError(
      'SCRIPT_EXCEPTION',
      `SyntaxError: ${first.message} at ${url}:${before.length}:${before[before.length - 1]!.length + 1}`,
    )
  }
  return code
}

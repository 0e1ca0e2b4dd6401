/** What a specifier in a user's script stands for: a module of k6 or a file. Pure; the rules are k6's. */
import { fileURLToPath, pathToFileURL } from 'node:url'
import { AppError } from '../errors.js'

export type Resolved = { kind: 'native'; name: string } | { kind: 'file'; url: string }

/** k6's text for a module that is not on the disk. */
export function notFoundText(specifier: string): string {
  return (
    `The moduleSpecifier "${specifier}" couldn't be found on local disk. ` +
    `Make sure that you've specified the right path to the file.`
  )
}

/**
 * What `specifier` means in the module `base` (a file URL). No extension is guessed and no package is looked for: a bare
 * name is a path beside the importing file.
 *
 * @throws {AppError} NOT_SUPPORTED for remote modules, SCRIPT_EXCEPTION for other schemes
 */
export function resolveSpecifier(base: string, specifier: string): Resolved {
  if (specifier === 'k6' || specifier.startsWith('k6/')) return { kind: 'native', name: specifier }
  if (specifier.startsWith('file://')) return { kind: 'file', url: pathToFileURL(pathOfUrl(specifier)).href }
  if (specifier.startsWith('https://')) {
    throw new AppError('NOT_SUPPORTED', `remote modules are not supported: ${specifier}`, {
      hint: 'download the module and import it from a file',
    })
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(specifier)?.[1]
  if (scheme !== undefined) {
    throw new AppError(
      'SCRIPT_EXCEPTION',
      `only supported schemes for imports are file and https, ${specifier} has \`${scheme}\``,
    )
  }
  return { kind: 'file', url: fileUrlBeside(base, specifier) }
}

/** The URL of a path, absolute or relative to the folder of the file `base`. Percent signs are letters of the name. */
export function fileUrlBeside(base: string, path: string): string {
  const folder = new URL('.', base)
  return path.startsWith('/') ? pathToFileURL(path).href : new URL(`./${encodePath(path)}`, folder).href
}

const encodePath = (path: string) =>
  path.replace(/[%?#\\\n\r\t ]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`)

/** The absolute path of a file URL. @throws {AppError} SCRIPT_EXCEPTION when it is none, or one of another machine */
export function pathOfUrl(url: string): string {
  try {
    return fileURLToPath(url)
  } catch (e) {
    throw new AppError('SCRIPT_EXCEPTION', `"${url}" is not the URL of a file on this machine`, { cause: e })
  }
}

/** What a specifier in a user's script stands for: a module of k6, a file or a remote module. Pure; the rules are k6's. */
import { fileURLToPath, pathToFileURL } from 'node:url'
import { AppError } from '../errors.js'

export type Resolved = { kind: 'native'; name: string } | { kind: 'file' | 'remote'; url: string }

/** k6's text for a module that is not on the disk. */
export function notFoundText(specifier: string): string {
  return (
    `The moduleSpecifier "${specifier}" couldn't be found on local disk. ` +
    `Make sure that you've specified the right path to the file. If you're running k6 using the Docker image make sure ` +
    'you have mounted the local directory (-v /local/path/:/inside/docker/path) containing your script and modules so ' +
    "that they're accessible by k6 from inside of the container, see " +
    'https://grafana.com/docs/k6/latest/using-k6/modules/#use-modules-with-docker.'
  )
}

/** True for the URL of a module that is fetched. */
export const isRemote = (url: string): boolean => url.startsWith('https://')

/** True for the URL of a module of the script, false for the name of one of k6. */
export const isModuleUrl = (name: string): boolean => name.startsWith('file://') || isRemote(name)

/** True for a name that may be that of a package: neither a URL nor a path. */
export const isBareName = (specifier: string): boolean => /^(?:node:|(?![./]|[a-z][a-z0-9+.-]*:))./i.test(specifier)

/** Short forms that k6 once knew. */
const specialUrl = /^(cdnjs\.com\/libraries\/[^/]+|github\.com\/[^/]+\/[^/]+\/.)/

/**
 * What `specifier` means in the module `base` (a URL). No extension is guessed and no package is looked for: a bare name is
 * a path beside the importing file. Relative paths in a remote module are remote, and files are closed to it.
 *
 * @throws {AppError} SCRIPT_EXCEPTION for other schemes, for k6's old short URLs, and for files asked for from afar
 */
export function resolveSpecifier(base: string, specifier: string): Resolved {
  if (specifier === 'k6' || specifier.startsWith('k6/')) return { kind: 'native', name: specifier }
  if (specifier.startsWith('file://')) {
    if (isRemote(base)) {
      throw new AppError('SCRIPT_EXCEPTION', `origin (${base}) not allowed to load local file: ${specifier}`)
    }
    return { kind: 'file', url: pathToFileURL(pathOfUrl(specifier)).href }
  }
  if (isRemote(specifier)) return { kind: 'remote', url: remoteUrl(specifier) }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(specifier)?.[1]
  if (scheme !== undefined) {
    throw new AppError(
      'SCRIPT_EXCEPTION',
      `only supported schemes for imports are file and https, ${specifier} has \`${scheme}\``,
    )
  }
  if (specialUrl.test(specifier)) {
    throw new AppError(
      'SCRIPT_EXCEPTION',
      `The moduleSpecifier "${specifier}" couldn't be loaded: 'special' urls are no longer supported, ` +
        'please use the full https:// URL of the file',
    )
  }
  if (isRemote(base)) return { kind: 'remote', url: remoteUrl(specifier, base) }
  return { kind: 'file', url: fileUrlBeside(base, specifier) }
}

/** An https URL in its one spelling: no fragment, no user name. @throws {AppError} SCRIPT_EXCEPTION */
export function remoteUrl(text: string, base?: string): string {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '') {
    throw new AppError('SCRIPT_EXCEPTION', `"${text}" is not the URL of a module`, {
      hint: 'https://host/path, without user name and password',
    })
  }
  url.hash = ''
  return url.href
}

/** The URL of a path, absolute or relative to the folder of the file `base`. Percent signs are letters of the name. */
export function fileUrlBeside(base: string, path: string): string {
  const folder = folderOf(base)
  return path.startsWith('/') ? pathToFileURL(path).href : new URL(`./${encodePath(path)}`, folder).href
}

/** The URL of the folder of a module. @throws {AppError} SCRIPT_EXCEPTION */
export function folderOf(url: string): URL {
  if (!URL.canParse('.', url)) throw new AppError('SCRIPT_EXCEPTION', `"${url}" is not the URL of a module`)
  return new URL('.', url)
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

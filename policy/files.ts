/** The only way to a file that a script names: regular files within the limits, whatever the path is spelt like. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { AppError } from '../errors.js'
import type { RuleSection } from './audit.js'
import type { Folders } from './folders.js'

/** Makes the error of a refusal, and puts it on record. */
export type RefuseFile = (
  code: 'FILE_DENIED' | 'LIMIT_SIZE',
  section: RuleSection,
  rule: string,
  path: string,
  message: string,
) => AppError

export interface FileRules {
  /** What may be read; undefined lets every folder be read. */
  readonly folders?: Folders
  /** A path that may be read wherever it leads: that of the main module. */
  readonly mainFile?: string
  readonly maxFileBytes: number
  /** All files of a store together. */
  readonly maxTotalBytes?: number
  readonly refuse?: RefuseFile
}

const absent = new Set(['ENOENT', 'ENOTDIR'])

/**
 * The bytes of the regular file at an absolute path, or undefined when there is none. Links are followed first and the
 * place they lead to is judged; devices, pipes and sockets are refused before anything is read from them. Outside of the
 * folders, a file that is not there is refused like one that is.
 *
 * @param named what messages call it: a script is told no path that it has not named itself
 * @throws {AppError} FILE_DENIED, LIMIT_SIZE
 */
export function readRegularFile(path: string, rules: FileRules, named = path): Uint8Array | undefined {
  assertSpelling(path, rules, named)
  const folders = path === rules.mainFile ? undefined : rules.folders
  let handle: number
  try {
    const real = realpathSync.native(path)
    if (folders?.hasReal(real) === false) throw outside(rules, named)
    handle = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code ?? ''
    if (e instanceof AppError) throw e
    if (folders?.hasAbsent(path) === false) throw outside(rules, named)
    if (absent.has(code)) return undefined
    throw new AppError('FILE_DENIED', `${named} cannot be opened: ${openProblem(code)}`, { cause: e })
  }
  try {
    const status = fstatSync(handle, { bigint: true })
    const isSame = (device: bigint, inode: bigint) => device === status.dev && inode === status.ino
    if (folders?.hasOpened(handle, path, isSame) === false) throw outside(rules, named)
    if (!status.isFile()) {
      throw new AppError('FILE_DENIED', `${named} is not a regular file`, {
        details: { isDirectory: status.isDirectory() },
      })
    }
    if (status.size > rules.maxFileBytes) {
      const text = `${named} has ${status.size} bytes; a file may have ${rules.maxFileBytes}`
      throw refusal(rules, 'LIMIT_SIZE', 'limits.fileBytes', String(rules.maxFileBytes), named, text)
    }
    return readUpTo(handle, named, rules)
  } finally {
    closeSync(handle)
  }
}

const problems: Readonly<Record<string, string>> = {
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  ENOENT: 'no such file or directory',
  ENOTDIR: 'not a directory',
  EISDIR: 'is a directory',
  EROFS: 'read-only file system',
  ENOSPC: 'no space left on device',
  EMFILE: 'too many open files',
  ENXIO: 'no such device or address',
  // What Node's own permissions keep from a process, not the system.
  ERR_ACCESS_DENIED: 'permission denied',
}

/** Why a file cannot be opened, by the code of the error, in the words of the system: scripts see no codes of Node.js. */
export const openProblem = (code: string): string => problems[code] ?? 'input/output error'

/** What can be said of a path without a look at the disk. @throws {AppError} FILE_DENIED */
export function assertSpelling(path: string, rules: FileRules, named = path): void {
  if (path.includes('\0')) throw new AppError('FILE_DENIED', 'a file name may not contain NUL')
  if (path !== rules.mainFile && rules.folders?.hasSpelt(path) === false) throw outside(rules, named)
}

/** The path of a regular file behind all links; undefined when there is none, or none in the folders that may be read. */
export function realFilePath(path: string, { folders, mainFile }: FileRules): string | undefined {
  if (path.includes('\0') || (path !== mainFile && folders?.hasSpelt(path) === false)) return undefined
  try {
    const real = realpathSync.native(path)
    return (path === mainFile || folders?.hasReal(real) !== false) && statSync(real).isFile() ? real : undefined
  } catch {
    return undefined
  }
}

const outside = (rules: FileRules, named: string): AppError =>
  refusal(rules, 'FILE_DENIED', 'files.read', 'default', named, `${named} lies outside of the folders that may be read`)

const plainRefusal: RefuseFile = (code, _section, _rule, _path, message) => new AppError(code, message)

export const refusal = ({ refuse = plainRefusal }: FileRules, ...args: Parameters<RefuseFile>): AppError =>
  refuse(...args)

/** Reads to the end even where the size is not told beforehand, as in /proc, but never beyond the limit. */
function readUpTo(handle: number, named: string, rules: FileRules): Uint8Array {
  const most = rules.maxFileBytes
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024)
    const count = readSync(handle, chunk, 0, chunk.length, null)
    if (count === 0) return Buffer.concat(chunks, total)
    total += count
    if (total > most) {
      const text = `${named} has more than ${most} bytes`
      throw refusal(rules, 'LIMIT_SIZE', 'limits.fileBytes', String(most), named, text)
    }
    chunks.push(chunk.subarray(0, count))
  }
}

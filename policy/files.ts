/** The only way to a file that a script names: regular files within the limits, whatever the path is spelt like. */
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync } from 'node:fs'
import { sep } from 'node:path'
import { AppError } from '../errors.js'

export interface FileRules {
  /** Folders that may be read, absolute; undefined lets every folder be read. */
  roots?: readonly string[]
  maxFileBytes: number
}

const absent = new Set(['ENOENT', 'ENOTDIR'])

/**
 * The bytes of the regular file at an absolute path, or undefined when there is none. Links are followed first and the
 * place they lead to is judged; devices, pipes and sockets are refused before anything is read from them.
 *
 * @throws {AppError} FILE_DENIED, LIMIT_SIZE
 */
export function readRegularFile(path: string, rules: FileRules): Uint8Array | undefined {
  if (path.includes('\0')) throw new AppError('FILE_DENIED', 'a file name may not contain NUL')
  let handle: number
  try {
    const real = realpathSync(path)
    if (!isInside(real, rules)) {
      throw new AppError('FILE_DENIED', `${path} lies outside of the folders that may be read`)
    }
    handle = openSync(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code ?? ''
    if (absent.has(code)) return undefined
    if (e instanceof AppError) throw e
    throw new AppError('FILE_DENIED', `${path} cannot be opened (${code})`, { cause: e })
  }
  try {
    const status = fstatSync(handle)
    if (!status.isFile()) {
      throw new AppError('FILE_DENIED', `${path} is not a regular file`, {
        details: { isDirectory: status.isDirectory() },
      })
    }
    if (status.size > rules.maxFileBytes) {
      throw new AppError('LIMIT_SIZE', `${path} has ${status.size} bytes; a file may have ${rules.maxFileBytes}`)
    }
    return readUpTo(handle, path, rules.maxFileBytes)
  } finally {
    closeSync(handle)
  }
}

function isInside(real: string, { roots }: FileRules): boolean {
  return roots === undefined || roots.some((root) => real === root || real.startsWith(root + sep))
}

/** The path of a regular file behind all links; undefined when there is none, or none in the folders that may be read. */
export function realFilePath(path: string, rules: FileRules): string | undefined {
  if (path.includes('\0')) return undefined
  try {
    const real = realpathSync(path)
    return isInside(real, rules) && statSync(real).isFile() ? real : undefined
  } catch {
    return undefined
  }
}

/** Reads to the end even where the size is not told beforehand, as in /proc, but never beyond the limit. */
function readUpTo(handle: number, path: string, most: number): Uint8Array {
  const chunks: Buffer[] = []
  let total = 0
  for (;;) {
    const chunk = Buffer.allocUnsafe(64 * 1024)
    const count = readSync(handle, chunk, 0, chunk.length, null)
    if (count === 0) return Buffer.concat(chunks, total)
    total += count
    if (total > most) throw new AppError('LIMIT_SIZE', `${path} has more than ${most} bytes`)
    chunks.push(chunk.subarray(0, count))
  }
}

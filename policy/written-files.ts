/** The only way to write a file that a script names. */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, realpathSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { AppError } from '../errors.js'
import { openProblem } from './files.js'
import type { Folders } from './folders.js'

export interface WriteRules {
  /** Where files may be written; undefined lets every folder be written, through links and to devices too, as k6 does. */
  readonly folders?: Folders
  /** Makes the error of a refusal, and puts it on record. */
  readonly refuse: (path: string, message: string) => AppError
}

/**
 * Writes `content` to the file at `path`, which is made if it is not there. Where folders are listed, the file is no link,
 * its folder is inside of one of them behind all links, and devices and pipes are refused.
 *
 * @param path relative to the working directory
 * @throws {AppError} FILE_DENIED
 * @throws {Error} of the system
 */
export function writeRegularFile(path: string, content: string | Uint8Array, { folders, refuse }: WriteRules): void {
  if (path.includes('\0')) throw new AppError('FILE_DENIED', 'a file name may not contain NUL')
  if (folders === undefined) {
    writeFileSync(path, content)
    return
  }
  const target = resolve(path)
  const outside = () => refuse(path, `${path} lies outside of the folders that may be written`)
  if (!folders.hasSpelt(target) || !folders.hasAbsent(target)) throw outside()
  const handle = openNew(target, path)
  try {
    const status = fstatSync(handle, { bigint: true })
    const isSame = (device: bigint, inode: bigint) => device === status.dev && inode === status.ino
    if (!folders.hasOpened(handle, target, isSame)) throw outside()
    if (!status.isFile()) throw new AppError('FILE_DENIED', `${path} is not a regular file`)
    // Not when it was opened: what is in a file that may not be written must stay.
    ftruncateSync(handle, 0)
    writeFileSync(handle, content)
  } finally {
    closeSync(handle)
  }
}

function openNew(target: string, path: string): number {
  const { O_WRONLY, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    const real = join(realpathSync.native(dirname(target)), basename(target))
    return openSync(real, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o666)
  } catch (e) {
    const { code = '' } = e as NodeJS.ErrnoException
    if (code === 'ELOOP') throw new AppError('FILE_DENIED', `${path} is a link`)
    // ENXIO: a pipe that nobody reads.
    throw new AppError('FILE_DENIED', `${path} cannot be opened: ${openProblem(code)}`, { cause: e })
  }
}

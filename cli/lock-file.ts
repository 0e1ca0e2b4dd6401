/** The lock file of a script's remote modules on the disk: read before the run, written when that is asked for. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { AppError } from '../errors.js'
import type { Logger } from '../report/logger.js'
import { lockFileName, lockText, type ModuleLock, parseLock } from '../script/module-lock.js'
import { isRemote } from '../script/resolve.js'
import type { RunSettings } from './settings.js'

/** The lock file beside the script, or the one that was named. */
const pathOf = (script: string, { lockPath }: RunSettings) =>
  resolve(lockPath ?? join(script === '-' || isRemote(script) ? '.' : dirname(script), lockFileName))

/**
 * What remote modules must be by the lock file; undefined when there is none, or when it is to be written anew.
 *
 * @throws {AppError} OPTIONS_INVALID when the file is none, FILE_NOT_FOUND when the one that was named is not there
 */
export function readLock(script: string, settings: RunSettings): ModuleLock | undefined {
  if (settings.updatesLock) return undefined
  const path = pathOf(script, settings)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code ?? 'unknown error'
    if (code === 'ENOENT' && settings.lockPath === undefined) return undefined
    throw new AppError('FILE_NOT_FOUND', `the lock file ${path} cannot be read (${code})`, {
      hint: '--update-lock writes it',
    })
  }
  return parseLock(text, path)
}

/** Writes the lock file if that was asked for; else warns of remote modules that nothing holds. */
export function settleLock(
  script: string,
  settings: RunSettings,
  locked: ModuleLock | undefined,
  remotes: ModuleLock,
  logger: Logger,
): void {
  if (settings.updatesLock) {
    const path = pathOf(script, settings)
    // In one step, so that nobody reads half of it.
    const draft = `${path}.${process.pid}.tmp`
    try {
      writeFileSync(draft, lockText(remotes), { flag: 'wx' })
      renameSync(draft, path)
    } catch (e) {
      const code = (e as NodeJS.ErrnoException).code ?? 'unknown error'
      throw new AppError('OUTPUT_FAILED', `the lock file ${path} cannot be written (${code})`)
    }
  } else if (locked === undefined && remotes.size > 0) {
    logger.warning(
      `${remotes.size} remote module${remotes.size === 1 ? '' : 's'} may change between runs; ` +
        '--update-lock writes a lock file that tells when they do',
    )
  }
}

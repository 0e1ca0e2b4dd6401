/**
 * The lock file: what each remote module of a script was when somebody looked, so that every run has the same. A module that
 * is something else by now, or that nobody has looked at, ends the run. Reads and writes no file.
 */
import { AppError } from '../errors.js'
import { requirePackage } from '../package-root.js'

/** One remote module as the lock file has it. */
export interface LockedModule {
  /** Hash of its bytes, in hexadecimal. */
  readonly sha256: string
  readonly bytes: number
  /** Where it came from when that is not its URL, for people who read the file. */
  readonly redirectedTo?: string
}

/** Modules by URL. */
export type ModuleLock = ReadonlyMap<string, LockedModule>

export const lockFileName = 'belljar.lock.json'
const version = 1
const maxLockLetters = 4 * 1024 * 1024

/** @throws {AppError} OPTIONS_INVALID, with what is wrong and how to make a new file */
export function parseLock(text: string, path: string): ModuleLock {
  const refuse = (why: string) =>
    new AppError('OPTIONS_INVALID', `the lock file ${path} cannot be read: ${why}`, {
      hint: '--update-lock writes it anew',
    })
  if (text.length > maxLockLetters) throw refuse(`it has more than ${maxLockLetters} letters`)
  let json: { version?: unknown; modules?: unknown }
  try {
    json = JSON.parse(text)
  } catch {
    throw refuse('it is not JSON')
  }
  if (typeof json !== 'object' || json === null || json.version !== version)
    throw refuse(`it is not of version ${version}`)
  const { modules } = json
  if (typeof modules !== 'object' || modules === null || Array.isArray(modules))
    throw refuse('"modules" is not an object')
  const lock = new Map<string, LockedModule>()
  for (const [url, entry] of Object.entries(modules as Record<string, Partial<LockedModule> | null>)) {
    const isEntry = typeof entry?.sha256 === 'string' && /^[0-9a-f]{64}$/.test(entry.sha256)
    if (!isEntry || !Number.isSafeInteger(entry.bytes))
      throw refuse(`modules[${JSON.stringify(url)}] has no sha256 and bytes`)
    lock.set(url, { sha256: entry.sha256!, bytes: entry.bytes! })
  }
  return lock
}

/** The text of a lock file: sorted, so that a change shows as what it is. */
export function lockText(lock: ModuleLock): string {
  const modules = Object.fromEntries([...lock].sort(([a], [b]) => (a < b ? -1 : 1)))
  return `${JSON.stringify({ version, modules }, undefined, 2)}\n`
}

export function sha256Of(bytes: Uint8Array): string {
  const { createHash } = requirePackage('node:crypto') as typeof import('node:crypto')
  return createHash('sha256').update(bytes).digest('hex')
}

export interface Fetcher {
  fetch(url: string): Promise<{ bytes: Uint8Array; finalUrl: string }>
}

/** Fetches modules and holds them to a lock. */
export class LockedModules {
  readonly #fetcher: Fetcher
  readonly #lock: ModuleLock | undefined
  readonly #found = new Map<string, LockedModule>()

  /** Without a lock, whatever comes is taken. */
  constructor(fetcher: Fetcher, lock: ModuleLock | undefined) {
    this.#fetcher = fetcher
    this.#lock = lock
  }

  /** What was fetched so far. */
  get found(): ModuleLock {
    return this.#found
  }

  /** @throws {AppError} LOCK_MISMATCH, and what the fetcher throws */
  async fetch(url: string): Promise<Uint8Array> {
    const expected = this.#lock?.get(url)
    if (this.#lock !== undefined && expected === undefined) {
      throw new AppError('LOCK_MISMATCH', `the remote module ${url} is not in the lock file`, {
        hint: '--update-lock adds it, if you trust what is there now',
      })
    }
    const { bytes, finalUrl } = await this.#fetcher.fetch(url)
    const sha256 = sha256Of(bytes)
    if (expected !== undefined && expected.sha256 !== sha256) {
      throw new AppError(
        'LOCK_MISMATCH',
        `the remote module ${url} has changed: the lock file expects sha256 ${expected.sha256} (${expected.bytes} bytes), ` +
          `got ${sha256} (${bytes.byteLength} bytes)`,
        { hint: '--update-lock takes the new one, if you trust it' },
      )
    }
    this.#found.set(url, {
      sha256,
      bytes: bytes.byteLength,
      ...(finalUrl === url ? {} : { redirectedTo: finalUrl }),
    })
    return bytes
  }
}

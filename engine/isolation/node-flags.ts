/** The flags that the program of a run's process is started with: those that this Node.js has. */
import { realpathSync } from 'node:fs'
import { packageRoot } from '../../package-root.js'
import type { Policy } from '../../policy/policy.js'
import { threadClockFile } from '../../runtime/thread-clock.js'
import { allIn, programPlaces } from './program-places.js'

const mebibyte = 1024 * 1024

const hasFlag = (flag: string): boolean => process.allowedNodeEnvironmentFlags.has(flag)

/** How this Node.js spells the permission model; undefined when it has none. */
export function permissionFlag(): string | undefined {
  return ['--permission', '--experimental-permission'].find(hasFlag)
}

/**
 * @param policy whose folders the process may read, too
 * @param files that it may read, beside its program
 */
export function nodeFlags(policy: Policy, files: readonly string[]): string[] {
  const heapMb = Math.floor(Math.min(policy.limits.hostMemoryBytes, 2048 * mebibyte) / 2 / mebibyte)
  const flags = [
    '--no-warnings',
    // No string becomes code, and no object's prototype is changed by a name in a message.
    '--disallow-code-generation-from-strings',
    '--disable-proto=throw',
    '--frozen-intrinsics',
    `--max-old-space-size=${heapMb}`,
    // No debugger by a signal.
    '--disable-sigusr1',
  ].filter((flag) => hasFlag(flag.split('=')[0]!) || flag === '--no-warnings')
  return [...flags, ...permissionFlags(policy, files)]
}

function permissionFlags({ files: { read } }: Policy, files: readonly string[]): string[] {
  const permission = permissionFlag()
  if (permission === undefined) return []
  const places = read === 'all' ? ['*'] : [...programOwn(), ...files, ...read.map(allIn)].flatMap(realPlaces)
  return [
    permission,
    // The parser of TypeScript is native. Nothing can be written, so no other addon gets in.
    ...['--allow-addons', '--allow-worker', '--allow-net'].filter(hasFlag),
    ...distinct([...places, threadClockFile]).map((place) => `--allow-fs-read=${place}`),
  ]
}

/** Without those that lie in others: Node.js 20 fails over places that begin alike when the longer one comes first. */
function distinct(places: readonly string[]): string[] {
  const kept: string[] = []
  for (const place of [...new Set(places)].sort((a, b) => a.length - b.length)) {
    if (!kept.some((other) => other.endsWith('*') && place.startsWith(other.slice(0, -1)))) kept.push(place)
  }
  return kept
}

// Looked for once: packages do not move under a program that runs.
let ownPlaces: readonly string[] | undefined
const programOwn = (): readonly string[] => {
  ownPlaces ??= programPlaces(packageRoot)
  return ownPlaces
}

/** A place and what it is behind links, as both are asked for. A name that means more than itself to Node.js is left out. */
function realPlaces(place: string): string[] {
  const isFolder = place.endsWith('/*')
  const path = isFolder ? place.slice(0, -2) : place
  if (/[*,]/.test(path)) return []
  let real = path
  try {
    real = realpathSync(path)
  } catch {
    // What is not there cannot be read, and whoever tries to says so.
  }
  const both = path === real ? [path] : [path, real]
  return both.filter((found) => !/[*,]/.test(found)).map((found) => (isFolder ? allIn(found) : found))
}

/** What a process has at a moment that may be left behind by a run: processes, descriptors, handles, folders, memory. */
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

export interface Leftovers {
  /** Processes that this one has started, those that are dead and not waited for among them. */
  readonly children: number
  readonly descriptors: number
  /** What keeps the event loop going, by kind. */
  readonly resources: Readonly<Record<string, number>>
  readonly temporaryFolders: number
}

/** A system without /proc does not tell of the first two. */
export function leftovers(): Leftovers {
  const resources: Record<string, number> = {}
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1
  return {
    children: numbered('/proc').filter((pid) => parentOf(pid) === process.pid).length,
    // One of them is the listing itself.
    descriptors: numbered('/proc/self/fd').length,
    resources,
    temporaryFolders: readdirSync(tmpdir()).length,
  }
}

/** What there is now beyond what there was, as text; empty when there is nothing. */
export function beyond(before: Leftovers, now: Leftovers): string {
  const kinds = Object.keys(now.resources).filter((kind) => now.resources[kind]! > (before.resources[kind] ?? 0))
  return [
    ...(['children', 'descriptors', 'temporaryFolders'] as const)
      .filter((what) => now[what] > before[what])
      .map((what) => `${now[what] - before[what]} ${what}`),
    ...kinds.map((kind) => `${now.resources[kind]! - (before.resources[kind] ?? 0)} ${kind}`),
  ].join(', ')
}

let collect: (() => void) | undefined

/** Bytes of the heap and of buffers that are in use, after everything else was thrown away. */
export function usedBytes(): number {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

function numbered(folder: string): number[] {
  try {
    return readdirSync(folder)
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

function parentOf(pid: number): number | undefined {
  try {
    // The name in parentheses may hold anything; what follows is the state and the parent.
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1])
  } catch {
    return undefined
  }
}

/** Where the time of a thread went, from a profile of V8 (`node --cpu-prof`): sums of time by kind of code. Runs nothing. */

/** As V8 writes it, what of it is read here. Times in microseconds. */
export interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[]
  samples: number[]
  timeDeltas: number[]
  startTime: number
  endTime: number
}

export const kinds = [
  'QuickJS (WebAssembly)',
  'belljar',
  '@grpc/grpc-js',
  'Node.js (http2, net, streams)',
  'garbage collector',
  'native code, system calls',
] as const
export type Kind = (typeof kinds)[number]

/** Undefined for a thread that does nothing. */
function kindOf(name: string, url: string): Kind | undefined {
  if (name === '(idle)' || name === '(root)') return undefined
  if (name === '(garbage collector)') return 'garbage collector'
  if (name === '(program)') return 'native code, system calls'
  if (url.startsWith('wasm:') || name.startsWith('wasm-')) return 'QuickJS (WebAssembly)'
  if (url.includes('/@grpc/')) return '@grpc/grpc-js'
  if (url.startsWith('node:')) return 'Node.js (http2, net, streams)'
  // Built-in functions have no file; who called them is somebody above.
  return url === '' ? 'native code, system calls' : 'belljar'
}

/** Microseconds for each kind in the last `lastMicros` that end `beforeEndMicros` before the profile does. */
export function timeByKind(profile: CpuProfile, lastMicros: number, beforeEndMicros: number): Map<Kind, number> {
  const kindById = new Map(
    profile.nodes.map(({ id, callFrame: { functionName, url } }) => [id, kindOf(functionName, url)]),
  )
  const sums = new Map<Kind, number>()
  const to = profile.endTime - beforeEndMicros
  let at = profile.startTime
  for (const [i, node] of profile.samples.entries()) {
    const delta = profile.timeDeltas[i] ?? 0
    at += delta
    const kind = kindById.get(node)
    if (kind === undefined || at <= to - lastMicros || at > to) continue
    sums.set(kind, (sums.get(kind) ?? 0) + delta)
  }
  return sums
}

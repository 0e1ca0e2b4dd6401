/**
 * What the yardsticks have in common: some connections, on each of them one thing after the other until SIGINT, then a line of
 * JSON on standard output that says how it went. No script, no checks, no metrics but the times of the calls.
 */

/** What such a program prints at its end; times in ms. */
export interface LoopResult {
  errors: number
  medianMs: number
  p99Ms: number
  maxMs: number
}

/** Makes a call, or has a stream, and answers whether all was as it should be. */
export type Call = () => Promise<boolean>

/** The last times are kept, so many of them. */
const keptTimes = 200_000

/**
 * Runs until SIGINT.
 *
 * @param calls one for each connection
 * @param once whether each connection is used a single time and then kept open
 */
export function runLoop(calls: readonly Call[], once = false): void {
  const times = new Float64Array(keptTimes)
  let count = 0
  let errors = 0
  let isEnding = false

  async function loop(call: Call): Promise<void> {
    do {
      const beganAtMs = performance.now()
      const isGood = await call().catch(() => false)
      // What the end cuts off is no error.
      if (isEnding) return
      times[count++ % keptTimes] = performance.now() - beganAtMs
      if (!isGood) errors++
    } while (!once)
  }

  process.on('SIGINT', () => {
    isEnding = true
    const sorted = times.subarray(0, Math.min(count, keptTimes)).sort()
    const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
    const result: LoopResult = { errors, medianMs: at(0.5), p99Ms: at(0.99), maxMs: at(1) }
    process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0))
  })
  for (const call of calls) void loop(call)
  // Connections on which nothing happens let a process end.
  setInterval(() => {}, 60_000)
}

/** What the command line of a yardstick has: `KIND ADDRESS CONNECTIONS`. */
export function loopArguments(): { kind: string; address: string; connections: number } {
  const [kind = '', address = '', connections = '1'] = process.argv.slice(2)
  return { kind, address, connections: Number(connections) }
}

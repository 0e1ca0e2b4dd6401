/**
 * The benchmark, `npm run bench`: belljar beside a bare gRPC client, in turns, and belljar with many VUs. Loopback only.
 * Prints numbers and judges only errors and memory; how fast a machine is, is no reason to fail.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { BareResult } from './bare-loop.js'
import { type BelljarRun, runBelljar } from './belljar-run.js'
import { measure, startServer } from './measured-process.js'

const rounds = 3
const connections = 20
/** What starting costs is in both; the difference is the calls' own. */
const calls = { few: 200, many: 8000 } as const
const crowd = { vus: 200, iterations: 20_000, earlyIterations: 2000 } as const
const allowedGrowth = 1.1

/** Speed, and cost of one call or iteration. */
interface Pace {
  perSecond: number
  cpuMicrosEach: number
  errors: number
}

async function bareRun(folder: string, address: string, count: number): Promise<BareResult & { cpuMicros: number }> {
  const loop = fileURLToPath(new URL('bare-loop.js', import.meta.url))
  const { stdout, stderr, cpuMicros, exitCode } = await measure(folder, [
    loop,
    address,
    String(count),
    String(connections),
  ])
  if (exitCode !== 0) throw new Error(`the bare loop ended with ${exitCode}: ${stderr}`)
  return { ...(JSON.parse(stdout) as BareResult), cpuMicros }
}

const each = (few: number, many: number): number => (many - few) / (calls.many - calls.few)

async function barePace(folder: string, address: string): Promise<Pace> {
  const few = await bareRun(folder, address, calls.few)
  const many = await bareRun(folder, address, calls.many)
  return {
    perSecond: many.callsPerSecond,
    cpuMicrosEach: each(few.cpuMicros, many.cpuMicros),
    errors: few.errors + many.errors,
  }
}

async function belljarPace(folder: string, address: string): Promise<Pace> {
  const few = await runBelljar(folder, address, connections, calls.few)
  const many = await runBelljar(folder, address, connections, calls.many)
  return {
    perSecond: many.iterationsPerSecond,
    cpuMicrosEach: each(few.cpuMicros, many.cpuMicros),
    errors: few.errors + many.errors,
  }
}

const print = (line = ''): void => void process.stdout.write(`${line}\n`)
const row = (...cells: string[]): void =>
  print(cells.map((cell, i) => (i === 0 ? cell.padEnd(26) : cell.padStart(14))).join(''))
const megabytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MB`

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

function printPace(name: string, { perSecond, cpuMicrosEach, errors }: Pace): void {
  row(name, `${perSecond.toFixed(0)}/s`, `${cpuMicrosEach.toFixed(0)} µs`, String(errors))
}

const middleOf = (paces: readonly Pace[]): Pace => ({
  perSecond: median(paces.map((pace) => pace.perSecond)),
  cpuMicrosEach: median(paces.map((pace) => pace.cpuMicrosEach)),
  errors: paces.reduce((sum, pace) => sum + pace.errors, 0),
})

async function compare(folder: string, address: string): Promise<number> {
  print(`Unary calls over ${connections} connections, ${calls.many} in each run`)
  row('', 'calls', 'CPU each', 'errors')
  const bare: Pace[] = []
  const belljar: Pace[] = []
  for (let round = 1; round <= rounds; round++) {
    bare.push(await barePace(folder, address))
    printPace(`round ${round}: grpc-js alone`, bare[round - 1]!)
    belljar.push(await belljarPace(folder, address))
    printPace(`round ${round}: belljar`, belljar[round - 1]!)
  }
  const [one, other] = [middleOf(bare), middleOf(belljar)]
  printPace('median: grpc-js alone', one)
  printPace('median: belljar', other)
  const ratio = (a: number, b: number) => `${(a / b).toFixed(2)}x`
  row('belljar to grpc-js', ratio(other.perSecond, one.perSecond), ratio(other.cpuMicrosEach, one.cpuMicrosEach))
  return one.errors + other.errors
}

/** Answers whether the memory kept still. */
function printMemory({ early, endRssBytes }: BelljarRun): boolean {
  if (early === undefined) {
    print('memory over time: the run was too fast to see its beginning')
    return true
  }
  const growth = endRssBytes / early.rssBytes
  row(`memory after ${early.iterations}`, megabytes(early.rssBytes))
  row('memory at the end', megabytes(endRssBytes))
  row('growth', `${growth.toFixed(3)}x`, growth <= allowedGrowth ? 'OK' : 'NOT OK')
  return growth <= allowedGrowth
}

async function manyUsers(folder: string, address: string): Promise<{ errors: number; isMemoryStill: boolean }> {
  const { vus, iterations, earlyIterations } = crowd
  print(`${vus} VUs, ${iterations} iterations`)
  const alone = await runBelljar(folder, address, 1, earlyIterations)
  const started = await runBelljar(folder, address, vus, vus)
  const all = await runBelljar(folder, address, vus, iterations, earlyIterations)
  const errors = all.errors + (all.iterations === iterations ? 0 : 1)
  row('iterations', `${all.iterationsPerSecond.toFixed(0)}/s`)
  row('CPU each', `${((all.cpuMicros - started.cpuMicros) / (iterations - vus)).toFixed(0)} µs`)
  row('memory for each VU', megabytes((all.endRssBytes - alone.endRssBytes) / (vus - 1)))
  row('errors', String(errors), errors === 0 ? 'OK' : 'NOT OK')
  return { errors, isMemoryStill: printMemory(all) }
}

const folder = await mkdtemp(join(tmpdir(), 'belljar-bench-'))
const server = await startServer()
try {
  const load = loadavg()[0]!.toFixed(1)
  print(
    `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), Node.js ${process.version}, load ${load} before\n`,
  )
  const errors = await compare(folder, server.address)
  print()
  const many = await manyUsers(folder, server.address)
  const isGood = errors + many.errors === 0 && many.isMemoryStill
  print(`\n${isGood ? 'OK' : 'NOT OK'}`)
  process.exitCode = isGood ? 0 : 1
} finally {
  server.stop()
  await rm(folder, { recursive: true, force: true })
}

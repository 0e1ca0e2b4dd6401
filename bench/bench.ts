/**
 * The benchmark, `npm run bench`: belljar beside yardsticks, and beside k6 where K6_BIN names one, in turns. Loopback only,
 * Linux only. Prints figures beside their goals; fails for errors and for memory that grows, and for nothing else.
 * docs/performance.md tells how it measures.
 */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { packageRoot } from '../package-root.js'
import { help, readBenchOptions } from './bench-options.js'
import type { ContestantName } from './contestants.js'
import type { Round } from './figures.js'
import type { Bench, Measurement, Values } from './measurements.js'
import { failures, figuresTable, reportData, unsteady, valueCells, valuesTable } from './report.js'
import { startServer } from './server-process.js'

const print = (line = ''): void => void process.stdout.write(`${line}\n`)

/** All measurements once, each contestant after the other. What cannot be measured goes to `broken`, and the rest goes on. */
async function makeRound(bench: Bench, wanted: readonly Measurement[], name: string, broken: string[]): Promise<Round> {
  const round = new Map<string, Partial<Record<ContestantName, Values>>>()
  for (const { id, unit, contestants } of wanted) {
    const values: Partial<Record<ContestantName, Values>> = {}
    round.set(id, values)
    for (const [contestant, measure] of Object.entries(contestants)) {
      if (contestant === 'k6' && bench.k6 === undefined) continue
      const measured = await measure(bench).catch((e: unknown) => {
        broken.push(`${id} ${contestant}: ${e instanceof Error ? e.message : String(e)}`)
        return undefined
      })
      if (measured === undefined) {
        print(`${name} ${broken.at(-1)}`)
        continue
      }
      values[contestant as ContestantName] = measured
      const cells = valueCells(measured, unit).map((cell) => cell.padStart(9))
      print(`${name} ${`${id} ${contestant}`.padEnd(30)} ${cells.join(' ')}`)
    }
  }
  return round
}

async function main(): Promise<void> {
  const options = readBenchOptions(process.argv.slice(2))
  if (options === undefined) {
    print(help)
    return
  }
  const { wanted, isQuick, warmUpMs, measureMs, rounds: wantedRounds, belljarFlags } = options
  const k6 = process.env.K6_BIN
  const load = loadavg()[0]!.toFixed(1)
  const model = cpus()[0]?.model ?? 'unknown'
  const settings = {
    node: process.version,
    cores: availableParallelism(),
    model,
    loadBefore: Number(load),
    rounds: wantedRounds,
    warmUpMs,
    measureMs,
    hasK6: k6 !== undefined,
    belljarFlags,
    server: options.serverKind,
    date: new Date().toISOString(),
  }
  const about = `${settings.cores} cores (${model}), Node.js ${process.version}, load ${load} before; rounds: ${wantedRounds}, each client measured for ${measureMs / 1000} s after ${warmUpMs / 1000} s of its CPU time; ${options.serverKind} server`
  print(about)
  if (k6 === undefined) print('k6 is not measured: K6_BIN names none')

  const folder = await mkdtemp(join(tmpdir(), 'belljar-bench-'))
  const server = await startServer(options.serverKind)
  try {
    const belljarFile = resolve(options.belljarFile ?? join(packageRoot, 'bin/belljar.js'))
    const bench: Bench = {
      server,
      folder,
      warmUpMs,
      measureMs,
      starts: isQuick ? 5 : 11,
      crowd: 1000,
      belljar: { command: process.execPath, args: [belljarFile] },
      belljarFlags,
      ...(k6 === undefined ? {} : { k6: { command: k6, args: [] } }),
    }
    const rounds: Round[] = []
    const broken: string[] = []
    for (let i = 1; i <= wantedRounds; i++) {
      rounds.push(await makeRound(bench, wanted, `${i}/${wantedRounds}`, broken))
    }

    const tables = `${figuresTable(rounds)}\n\n${valuesTable(rounds, wanted)}`
    print(`\n${tables}\n`)
    if (options.jsonFile !== undefined) {
      writeFileSync(options.jsonFile, `${JSON.stringify(reportData(rounds, wanted, settings, broken), null, 2)}\n`)
    }
    if (options.markdownFile !== undefined) writeFileSync(options.markdownFile, `${about}\n\n${tables}\n`)
    for (const warning of unsteady(rounds, wanted)) print(`${warning}; try a longer --warm-up`)
    const failed = [...broken, ...failures(rounds, wanted)]
    for (const failure of failed) print(failure)
    print(failed.length === 0 ? 'OK' : 'NOT OK')
    process.exitCode = failed.length === 0 ? 0 : 1
  } finally {
    server.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
await main().catch((e: unknown) => {
  process.stderr.write(`bench: ${e instanceof Error ? e.message : String(e)}\n`)
  process.exitCode = 2
})

/**
 * Where the time of a unary iteration goes, `npm run bench:profile -- [SCRIPT]`: a run of bench/scripts/greet.js (or another
 * one that calls the same method) with 20 VUs under V8's profiler, its time by kind of code. Prints a table in Markdown.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../package-root.js'
import { scriptContestant } from './contestants.js'
import { type CpuProfile, type Kind, kinds, timeByKind } from './cpu-profile.js'
import { startServer } from './server-process.js'
import { measureSteadyState } from './steady-state.js'
import { markdownTable, shortNumber } from './tables.js'

const vus = 20
const warmUpMs = 8000
const measureMs = 6000
/** The run is still under way when the last reading is taken; what follows is its end. */
const endMicros = 1_000_000

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))
const [script = 'greet.js'] = process.argv.slice(2)
const folder = await mkdtemp(join(tmpdir(), 'belljar-profile-'))
const server = await startServer('bare')
try {
  const runner = {
    command: process.execPath,
    args: ['--cpu-prof', `--cpu-prof-dir=${folder}`, join(packageRoot, 'bin/belljar.js')],
  }
  const flags = ['--vus', String(vus), '--duration', '10m']
  const run = { script, flags, env: { GRPC_ADDR: server.addresses.greet }, folder }
  const { program } = scriptContestant(runner, run)
  const { first, last } = await measureSteadyState(server, program, { connections: vus, warmUpMs, measureMs })
  const calls = last.answered - first.answered
  const sums = new Map<Kind, number>()
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.cpuprofile'))) {
    const profile = JSON.parse(await readFile(join(folder, name), 'utf8')) as CpuProfile
    for (const [kind, micros] of timeByKind(profile, measureMs * 1000, endMicros)) {
      sums.set(kind, (sums.get(kind) ?? 0) + micros)
    }
  }
  const all = [...sums.values()].reduce((sum, micros) => sum + micros, 0)
  // The profiler goes by the clock, so on a busy machine its times are too long, but not its shares.
  const cpuEach = (last.usage.cpuMicros - first.usage.cpuMicros) / calls
  const rows = kinds.map((kind) => {
    const share = (sums.get(kind) ?? 0) / all
    return [kind, `${shortNumber(share * 100)} %`, `${shortNumber(share * cpuEach)} µs`]
  })
  rows.push(['all of it, the profiler included', '', `${shortNumber(cpuEach)} µs`])
  process.stdout.write(`${markdownTable(['kind of code', 'share', 'CPU each call'], rows)}\n`)
} finally {
  server.stop()
  await rm(folder, { recursive: true, force: true })
}

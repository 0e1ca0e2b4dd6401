/**
 * belljar against servers that share no code with it: node build/test/interop/main.js NAME COMMAND…
 * The command starts a server of interop.proto that prints its addresses as server.py does. Ends with `N passed, N failed`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../package-root.js'

interface Summary {
  metrics: { checks?: { passes: number; fails: number } }
}

/** Checks of script.js: fewer mean that it did not come to its end. */
const checks = 2 + 3 * 16

const [name = '', command = '', ...args] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'belljar-interop-'))
const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
server.on('error', (e) => console.error(e.message))
const counts = { passed: 0, failed: 1 }
try {
  const [line] = (await Promise.race([once(createInterface(server.stdout), 'line'), once(server, 'close')])) as [
    unknown,
  ]
  if (typeof line !== 'string') throw new Error(`${command} ended with ${line}`)
  const addresses = Object.entries(JSON.parse(line) as Record<string, string>)
  const summary = join(folder, 'summary.json')
  const flags = ['--quiet', '--log-format', 'raw', '--summary-export', summary]
  const env = addresses.flatMap(([port, address]) => ['-e', `${port}=${address}`])
  const script = join(packageRoot, 'test/interop/script.js')
  const run = [join(packageRoot, 'bin/belljar.js'), 'run', ...flags, ...env, script]
  const { status } = spawnSync(process.execPath, run, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 120_000 })
  const { passes = 0, fails = 0 } = (JSON.parse(readFileSync(summary, 'utf8')) as Summary).metrics.checks ?? {}
  counts.passed = passes
  counts.failed = Math.max(fails, checks - passes, status === 0 ? 0 : 1)
} catch (e) {
  console.error(e instanceof Error ? e.message : e)
} finally {
  server.stdin.end()
  server.kill()
  rmSync(folder, { recursive: true, force: true })
}
console.log(`interop with ${name}\n${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1

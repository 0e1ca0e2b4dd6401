/**
 * belljar, with each of its transports, against servers that share no code with it: node build/test/interop/main.js NAME COMMAND…
 * The command starts a server of interop.proto that prints its addresses as server.py does. Ends with `N passed, N failed`.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { transportNames } from '../../host/grpc/transport-name.js'
import { packageRoot } from '../../package-root.js'

interface Summary {
  metrics: { checks?: { passes: number; fails: number } }
}

/** Checks of script.js: fewer mean that it did not come to its end. */
const checks = 2 + 3 * 18

const [name = '', command = '', ...args] = process.argv.slice(2)
const folder = mkdtempSync(join(tmpdir(), 'belljar-interop-'))
const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
server.on('error', (e) => console.error(e.message))
let passed = 0
let failed = 0

function run(transport: string, addresses: Readonly<Record<string, string>>): void {
  const summary = join(folder, `${transport}.json`)
  const flags = ['--quiet', '--log-format', 'raw', '--summary-export', summary, '--grpc-transport', transport]
  const env = Object.entries(addresses).flatMap(([port, address]) => ['-e', `${port}=${address}`])
  const script = join(packageRoot, 'test/interop/script.js')
  const command = [join(packageRoot, 'bin/belljar.js'), 'run', ...flags, ...env, script]
  const { status } = spawnSync(process.execPath, command, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 120_000 })
  const { passes = 0, fails = 0 } = (JSON.parse(readFileSync(summary, 'utf8')) as Summary).metrics.checks ?? {}
  passed += passes
  failed += Math.max(fails, checks - passes, status === 0 ? 0 : 1)
}

try {
  const [line] = (await Promise.race([once(createInterface(server.stdout), 'line'), once(server, 'close')])) as [
    unknown,
  ]
  if (typeof line !== 'string') throw new Error(`${command} ended with ${line}`)
  const addresses = JSON.parse(line) as Record<string, string>
  for (const transport of transportNames) run(transport, addresses)
} catch (e) {
  console.error(e instanceof Error ? e.message : e)
  failed++
} finally {
  server.stdin.end()
  server.kill()
  rmSync(folder, { recursive: true, force: true })
}
console.log(`interop with ${name}\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

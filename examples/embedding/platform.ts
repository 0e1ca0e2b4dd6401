/**
 * A platform in small: runs the script of a stranger in a process of its own, where it reaches one server and the folder of
 * one schema and nothing else, and shows what it is told.
 *
 *     node build/examples/embedding/platform.js 127.0.0.1:50051
 */
import { join } from 'node:path'
// With the package installed: from 'belljar'.
import { type RunEvent, runScript } from '../../index.js'
import { packageRoot } from '../../package-root.js'

const [address = '127.0.0.1:50051'] = process.argv.slice(2)
const folder = join(packageRoot, 'examples')

function show(event: RunEvent): void {
  if (event.type === 'log') console.log(`${event.line.level}: ${event.line.msg}`)
  if (event.type === 'audit') console.log(`refused: ${event.record.subject} (${event.record.section})`)
}

const outcome = await runScript({
  script: { path: join(folder, 'embedding', 'stranger.js') },
  policy: {
    profile: 'untrusted',
    network: { allow: [`grpc://${address}`] },
    files: { read: [join(folder, 'quickpizza')] },
    limits: { runMs: '1m', memoryBytes: '32mb' },
  },
  env: { GRPC_ADDR: address },
  onEvent: show,
})

const { status, error, iterations, checks, files } = outcome
console.log(`${status}: ${error?.message ?? `${iterations.completed} iterations`}`)
for (const { name, passes, fails } of checks) console.log(`${name}: ${passes} of ${passes + fails}`)
console.log(`files: ${[...files.keys()].join(', ')}`)
process.exitCode = outcome.exitCode

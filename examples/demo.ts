/**
 * The demo, `npm run demo`: checks every example script, starts the example server and runs them all against it with the
 * built command, and one by the library. Ends with 0 only if the check and each run did and no check of a script failed. Knows
 * the command by its command line alone.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../package-root.js'

const examples = [
  { script: 'quickpizza/script.js', title: 'Rating pizzas, a connection for each iteration' },
  { script: 'authorization/script.js', title: 'A token from setup() in the metadata of every call' },
  { script: 'single-connection/script.js', title: 'One connection for each VU' },
  { script: 'webshop/script.js', title: 'A shop: scenarios, shared data, own metrics, thresholds, an own summary' },
  { script: 'webshop-typescript/script.ts', title: 'The same shop in TypeScript' },
]

const serverStartTimeoutMs = 30_000

/** Everything that runs for the demo, so that nothing outlives it. */
const children = new Set<ChildProcess>()
let stoppedBy: NodeJS.Signals | undefined

function start(args: string[]): ChildProcess {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  children.add(child)
  // `close` also follows a failed start, `exit` does not.
  child.once('close', () => children.delete(child))
  return child
}

async function startServer(): Promise<string> {
  const main = fileURLToPath(new URL('server/main.js', import.meta.url))
  const server = start([main])
  const [line] = await Promise.race([
    once(createInterface(server.stdout!), 'line', { signal: AbortSignal.timeout(serverStartTimeoutMs) }),
    once(server, 'close').then(([code]) => {
      throw new Error(`the example server ended with exit code ${code} before it was ready`)
    }),
  ])
  const { plaintext } = JSON.parse(String(line)) as { plaintext: string }
  return plaintext
}

/** Passed and failed checks of a run, from its --summary-export file. */
async function checksOf(summaryFile: string): Promise<{ passes: number; fails: number }> {
  const summary = JSON.parse(await readFile(summaryFile, 'utf8')) as {
    metrics?: { checks?: { passes?: number; fails?: number } }
  }
  const { passes = 0, fails = 0 } = summary.metrics?.checks ?? {}
  return { passes, fails }
}

/** How a run went: the checks that passed, or what went wrong. */
type Verdict = { passes: number } | { problem: string }

/** What `belljar check` finds in all scripts, before there is a server. */
async function check(): Promise<string | undefined> {
  const scripts = examples.map(({ script }) => join('examples', script))
  process.stdout.write(`\nbelljar check ${scripts.join(' ')}\n\n`)
  const paths = scripts.map((script) => join(packageRoot, script))
  const child = start([join(packageRoot, 'bin/belljar.js'), 'check', ...paths])
  const [output, [code]] = await Promise.all([text(child.stdout!), once(child, 'close')])
  process.stdout.write(output.replaceAll(packageRoot, '.'))
  return code === 0 ? undefined : `belljar check: exit code ${code}`
}

async function run(script: string, address: string, summaryFile: string): Promise<Verdict> {
  const command = join(packageRoot, 'bin/belljar.js')
  // Without banner and progress, and with the bare text of what a script logs: the summary is what there is to see.
  const quiet = ['--quiet', '--log-format', 'raw']
  const args = [command, 'run', ...quiet, '-e', `GRPC_ADDR=${address}`, '--summary-export', summaryFile, script]
  const child = start(args)
  const [output, [code, signal]] = await Promise.all([text(child.stdout!), once(child, 'close')])
  process.stdout.write(`${output.replace(/^\n+|\s+$/g, '')}\n`)
  if (code !== 0) return { problem: code === null ? `the run was ended by ${signal}` : `exit code ${code}` }
  const { passes, fails } = await checksOf(summaryFile)
  if (fails > 0) return { problem: `${fails} of ${passes + fails} checks failed` }
  return passes > 0 ? { passes } : { problem: 'no check was made' }
}

/** The program that runs a script of a stranger by the library. */
async function embed(address: string): Promise<string | undefined> {
  process.stdout.write('\nThe script of a stranger, by the library\n     node build/examples/embedding/platform.js\n\n')
  const child = start([join(packageRoot, 'build/examples/embedding/platform.js'), address])
  const [output, [code]] = await Promise.all([text(child.stdout!), once(child, 'close')])
  process.stdout.write(output.replaceAll(packageRoot, '.'))
  return code === 0 ? undefined : `embedding: exit code ${code}`
}

async function demo(temporaryFolder: string): Promise<boolean> {
  const problems: string[] = []
  const found = await check()
  if (found !== undefined) problems.push(found)
  const address = await startServer()
  let checks = 0
  for (const [index, { script: name, title }] of examples.entries()) {
    if (stoppedBy) return false
    const script = join('examples', name)
    process.stdout.write(`\n${index + 1}/${examples.length}  ${title}\n     belljar run ${script}\n\n`)
    const verdict = await run(join(packageRoot, script), address, join(temporaryFolder, `${index}.json`))
    if ('passes' in verdict) checks += verdict.passes
    else problems.push(`${name}: ${verdict.problem}`)
  }
  if (stoppedBy) return false
  const embedded = await embed(address)
  if (embedded !== undefined) problems.push(embedded)
  if (stoppedBy) return false
  if (problems.length > 0) process.stdout.write(`\nFailed:\n  ${problems.join('\n  ')}\n`)
  else process.stdout.write(`\nAll ${examples.length} examples ran, and all ${checks} checks passed.\n`)
  return problems.length === 0
}

function killAll(): void {
  for (const child of children) child.kill('SIGTERM')
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stoppedBy = signal
    killAll()
  })
}

const temporaryFolder = await mkdtemp(join(tmpdir(), 'belljar-demo-'))
let hasPassed = false
try {
  hasPassed = await demo(temporaryFolder)
} catch (e) {
  if (!stoppedBy) process.stderr.write(`demo: ${e instanceof Error ? e.message : String(e)}\n`)
} finally {
  killAll()
  await rm(temporaryFolder, { recursive: true, force: true })
}
if (stoppedBy) process.exitCode = stoppedBy === 'SIGINT' ? 130 : 143
else process.exitCode = hasPassed ? 0 : 1

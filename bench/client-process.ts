/** The programs that are compared, as child processes. Knows nothing of what they do. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

export interface Program {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** How a program ended. */
export interface Ended {
  exitCode: number
  stdout: string
  stderr: string
  /** From its start to its end. */
  wallMs: number
}

export interface Client {
  readonly pid: number
  readonly ended: Promise<Ended>
  hasEnded(): boolean
  /** As Ctrl-C does. */
  interrupt(): void
  kill(): void
}

/** Those that run; none outlives the benchmark. */
const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** What a program says beyond this is dropped. */
const keptOutput = 1024 * 1024

export function startClient({ command, args, env }: Program): Client {
  const beganAtMs = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
  running.add(child)
  child.once('close', () => running.delete(child))
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      if (output[name].length < keptOutput) output[name] += text
    })
  }
  let hasEnded = false
  const ended = once(child, 'close').then(([exitCode]) => {
    hasEnded = true
    return { exitCode: (exitCode as number | null) ?? -1, ...output, wallMs: performance.now() - beganAtMs }
  })
  // Who never waits for the end, because something else failed first, is told of that.
  ended.catch(() => {})
  return {
    pid: child.pid ?? 0,
    ended,
    hasEnded: () => hasEnded,
    interrupt: () => void child.kill('SIGINT'),
    kill: () => void child.kill('SIGKILL'),
  }
}

/** Runs a program to its end, at most `longestMs`. @throws {Error} with what it said, if it does not end with 0 */
export async function runToEnd(program: Program, longestMs: number): Promise<Ended> {
  const client = startClient(program)
  const timer = setTimeout(() => client.kill(), longestMs)
  const ended = await client.ended.finally(() => clearTimeout(timer))
  if (ended.exitCode !== 0) throw new Error(describe(program, ended))
  return ended
}

/** What to say of a program that did not do what it should. */
export function describe({ command, args }: Program, { exitCode, stderr }: Ended): string {
  return `${[command, ...args].join(' ')} ended with ${exitCode}\n${stderr.slice(0, 4000)}`
}

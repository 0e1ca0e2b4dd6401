/** Node.js programs as child processes, with what they took: CPU time at the end, memory while they ran. Linux only. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const rssPeriodMs = 50

/** How a program went. */
export interface Measured {
  exitCode: number
  stdout: string
  stderr: string
  /** User and system time of the process, all its threads, in microseconds. */
  cpuMicros: number
}

/** Told of each line of output as it comes, and able to ask how much memory the process has at that moment. */
export type OnLine = (line: string, rssBytes: number) => void

let count = 0

/**
 * Runs a Node.js program to its end.
 *
 * @param folder where the file with the CPU time goes
 */
export async function measure(
  folder: string,
  args: readonly string[],
  env: Record<string, string> = {},
  onLine: OnLine = () => {},
): Promise<Measured> {
  const report = join(folder, `cpu-${count++}`)
  const preload = new URL('cpu-report.js', import.meta.url).href
  const child = spawn(process.execPath, ['--import', preload, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env, CPU_REPORT: report },
  })
  let stderr = ''
  child.stderr.on('data', (text) => {
    stderr += text
  })
  const stdout: string[] = []
  let rssBytes = 0
  const timer = setInterval(() => {
    rssBytes = rssOf(child) ?? rssBytes
  }, rssPeriodMs)
  createInterface(child.stdout).on('line', (line) => {
    stdout.push(line)
    onLine(line, rssBytes)
  })
  const [exitCode] = (await once(child, 'close')) as [number | null]
  clearInterval(timer)
  return {
    exitCode: exitCode ?? -1,
    stdout: stdout.join('\n'),
    stderr,
    cpuMicros: Number(readFileSync(report, 'utf8')),
  }
}

/** Resident memory of a process; undefined once it has ended. */
function rssOf({ pid }: ChildProcess): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}

/** The example server as a process of its own, and its address without TLS. The caller ends it. */
export async function startServer(): Promise<{ address: string; stop: () => void }> {
  const main = fileURLToPath(new URL('../examples/server/main.js', import.meta.url))
  const server = spawn(process.execPath, [main], { stdio: ['pipe', 'pipe', 'inherit'] })
  const [line] = await once(createInterface(server.stdout), 'line')
  const { plaintext } = JSON.parse(String(line)) as { plaintext: string }
  return { address: plaintext, stop: () => server.kill('SIGTERM') }
}

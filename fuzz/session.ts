/** Runs one target in a process of its own, and ends that when a try hangs, takes too much memory, or is the end of it. */
import { fork } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { FromChild, Pulse } from './child.js'
import type { Finding, Task } from './thread.js'

export interface SessionSettings {
  readonly target: string
  readonly seed: number
  readonly seconds: number
  readonly isGuided: boolean
  readonly inputFiles: readonly string[]
  readonly onFinding: (finding: Finding) => void
}

export interface SessionResult {
  readonly executions: number
  readonly answers: number
  /** Blocks of the program that ran; 0 without coverage. */
  readonly blocks: number
  readonly seconds: number
  readonly peakRssBytes: number
}

/** A try that has had the processor for so long hangs. The machine may be busy, so the clock alone says less. */
const hangCpuMs = 5000
const hangMs = 60_000
/** The thread's heap may have 1 GB. More than that on top is something that no limit holds. */
const maxRssBytes = 2.5 * 1024 ** 3
/** A process that says nothing at all. */
const silenceMs = 60_000

/** Tries inputs for the time given; after the end of a process, what is left of it goes to another one. */
export async function runSession(settings: SessionSettings): Promise<SessionResult> {
  const folder = mkdtempSync(join(tmpdir(), 'fuzz-'))
  try {
    const total = { executions: 0, answers: 0, blocks: 0, seconds: 0, peakRssBytes: 0 }
    let { seconds, seed, inputFiles } = settings
    for (let processes = 0; processes < 5; processes++) {
      const part = await runProcess({ ...settings, seconds, seed, inputFiles }, join(folder, 'input'))
      total.executions += part.executions
      total.answers = Math.max(total.answers, part.answers)
      total.blocks = Math.max(total.blocks, part.blocks)
      total.seconds += part.seconds
      total.peakRssBytes = Math.max(total.peakRssBytes, part.peakRssBytes)
      seconds -= part.seconds
      seed++
      // Among the inputs that were given may be the one that ended it.
      inputFiles = []
      if (part.isWhole || seconds < 1) break
    }
    return total
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function runProcess(
  { target, seed, seconds, isGuided, inputFiles, onFinding }: SessionSettings,
  currentFile: string,
): Promise<SessionResult & { isWhole: boolean }> {
  const task: Omit<Task, 'beat'> = { target, seed, seconds, isGuided, inputFiles, currentFile }
  const startMs = performance.now()
  const child = fork(fileURLToPath(new URL('child.js', import.meta.url)), [JSON.stringify(task)], {
    execArgv: ['--enable-source-maps', '--disallow-code-generation-from-strings'],
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  const watch = new Watch()
  let errors = ''
  let done: SessionResult | undefined
  let killedFor = ''
  child.stderr!.on('data', (text) => {
    errors = (errors + text).slice(-4000)
  })
  child.on('message', (message: FromChild) => {
    if (message.kind === 'pulse') watch.take(message)
    else if (message.kind === 'finding') onFinding(message.finding)
    else done = { ...message, peakRssBytes: watch.peakRssBytes }
  })
  const timer = setInterval(() => {
    if (done === undefined) killedFor ||= watch.complaint()
    if (killedFor !== '') child.kill('SIGKILL')
  }, 200)
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) => {
    child.once('close', (...end) => resolve(end))
  })
  clearInterval(timer)
  if (done !== undefined) return { ...done, isWhole: true }
  const title = killedFor || `the process ended (${signal ?? `code ${code}`})`
  onFinding({ title, stack: errors, input: inputUnderWay(currentFile) })
  const { executions, peakRssBytes } = watch
  return {
    executions,
    answers: 0,
    blocks: 0,
    seconds: (performance.now() - startMs) / 1000,
    peakRssBytes,
    isWhole: false,
  }
}

/** Looks at the signs of life of a process. */
class Watch {
  peakRssBytes = 0
  #beat = -1
  #cpuMsThen = 0
  #sinceMs = performance.now()
  #lastMs = performance.now()
  #cpuMs = 0

  get executions(): number {
    return Math.max(0, this.#beat + 1) >> 1
  }

  take({ beat, cpuMs, rssBytes }: Pulse): void {
    this.#lastMs = performance.now()
    this.#cpuMs = cpuMs
    this.peakRssBytes = Math.max(this.peakRssBytes, rssBytes)
    if (beat === this.#beat) return
    this.#beat = beat
    this.#cpuMsThen = cpuMs
    this.#sinceMs = this.#lastMs
  }

  /** Why the process should end; empty when all is well. */
  complaint(): string {
    const nowMs = performance.now()
    if (this.peakRssBytes > maxRssBytes) return `memory: ${Math.round(this.peakRssBytes / 1024 ** 2)} MB`
    if (nowMs - this.#lastMs > silenceMs) return 'hang: the process does not answer'
    if (this.#beat % 2 !== 1) return ''
    if (this.#cpuMs - this.#cpuMsThen > hangCpuMs) return `hang: more than ${hangCpuMs} ms of processor time`
    return nowMs - this.#sinceMs > hangMs ? `hang: more than ${hangMs} ms` : ''
  }
}

function inputUnderWay(file: string): Uint8Array {
  try {
    const bytes = readFileSync(file)
    return new Uint8Array(bytes.subarray(4, 4 + bytes.readUInt32LE(0)))
  } catch {
    return new Uint8Array()
  }
}

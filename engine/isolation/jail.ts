/**
 * The process of a run: what it is started with, what it may use, how it ends, and that nothing of it stays. Knows nothing of
 * what it says.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Duplex, Readable } from 'node:stream'
import { AppError } from '../../errors.js'
import type { Policy } from '../../policy/policy.js'
import type { RunResources } from '../run.js'
import { Cgroup } from './cgroup.js'
import { nodeFlags, permissionFlag } from './node-flags.js'
import { processUsage } from './process-usage.js'

export interface JailSettings {
  /** The program, a file of JavaScript. */
  readonly program: string
  readonly policy: Policy
  /** Files that it may read, beside its own and those of the policy. */
  readonly files: readonly string[]
  /** Told of lines that the process writes to its standard output and error, which it should not. */
  readonly onOutput: (line: string) => void
  /** False leaves the control group out, as where none can be made. */
  readonly hasCgroup?: boolean
}

const shell = '/bin/sh'

/**
 * Limits that a process can only give itself, then the program. What the system does not have is left out.
 * Arguments: open files, blocks of a file, seconds of CPU before a signal and before the end, folders of control groups, --,
 * the command.
 */
const launcher = `
ulimit -c 0 2>/dev/null
ulimit -n "$1" 2>/dev/null
ulimit -f "$2" 2>/dev/null
ulimit -S -t "$3" 2>/dev/null
ulimit -H -t "$4" 2>/dev/null
shift 4
while [ "$1" != -- ]; do echo $$ > "$1/cgroup.procs" || exit 96; shift; done
shift
if setpriv --no-new-privs --pdeathsig KILL true 2>/dev/null; then
  exec setpriv --no-new-privs --pdeathsig KILL "$@"
fi
exec "$@"
`

const sampleMs = 250
const maxOutputBytes = 64 * 1024
/** How long what a process has sent may still be on its way when it is gone. */
const drainMs = 250
const maxOpenFiles = 65_536

/** Those that are open, so that none outlives this process. */
const open = new Set<Jail>()
let isListening = false

export class Jail {
  readonly channel: Duplex
  /** Why it ended; resolves when it is gone and all it sent has been read. Never rejects. */
  readonly ended: Promise<AppError>
  /** What limits it beside flags, for the log. */
  readonly means: string
  readonly #child: ChildProcess
  readonly #folder: string
  readonly #cgroup: Cgroup | undefined
  readonly #policy: Policy
  readonly #sampling: NodeJS.Timeout
  readonly #gone: Promise<void>
  #memoryBytes: number
  #cause: AppError | undefined
  #isGone = false
  #output = ''
  #isClosed = false
  #resources: RunResources = { peakMemoryBytes: 0, cpuMs: 0 }

  /** @throws {AppError} PROCESS_LOST when there can be none */
  constructor({ program, policy, files, onOutput, hasCgroup = true }: JailSettings) {
    const { limits } = policy
    this.#policy = policy
    this.#memoryBytes = limits.hostMemoryBytes + 2 * limits.memoryBytes
    this.#folder = newFolder()
    const hasShell = existsSync(shell)
    this.#cgroup = hasCgroup && hasShell && Number.isFinite(this.#memoryBytes) ? this.#makeCgroup() : undefined
    const flags = nodeFlags(policy, [program, ...files])
    const command = [process.execPath, ...flags, program]
    const [file, args] = hasShell
      ? [shell, launcherArguments(policy, this.#cgroup, command)]
      : [command[0]!, command.slice(1)]
    try {
      this.#child = spawn(file, args, {
        cwd: this.#folder,
        env: childEnvironment(),
        stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
        // A group of its own: Ctrl-C is not for it, and all of it ends at once.
        detached: process.platform !== 'win32',
        windowsHide: true,
      })
    } catch (e) {
      this.#discard()
      throw notStarted(e)
    }
    const { stdout, stderr, stdio } = this.#child
    // Without a free file there are no streams either.
    if (!(stdio?.[3] && stdout && stderr)) {
      this.#child.on('error', () => {})
      this.#discard()
      throw notStarted(undefined)
    }
    this.channel = stdio[3] as Duplex
    const means = [hasShell ? 'limits of the shell' : undefined, this.#cgroup && 'a control group', permissionFlag()]
    this.means = means.filter((part) => part !== undefined).join(', ') || 'nothing'
    for (const stream of [stdout, stderr]) this.#listen(stream, onOutput)
    this.#gone = new Promise((resolve) => {
      this.#child.once('exit', () => resolve())
      this.#child.once('error', () => resolve())
    })
    this.ended = this.#end()
    this.#sampling = setInterval(() => void this.#sample(), sampleMs)
    open.add(this)
    listenOnce()
  }

  get resources(): RunResources {
    return this.#resources
  }

  /** Undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** Folders that are there as long as it is. */
  get folders(): readonly string[] {
    return [this.#folder, ...(this.#cgroup?.folders ?? [])]
  }

  #makeCgroup(): Cgroup | undefined {
    return Cgroup.make(randomBytes(6).toString('hex'), this.#memoryBytes)
  }

  /** Lets it use what so many VMs need, as far as the machine has it. */
  allowVms(count: number): void {
    const { hostMemoryBytes, memoryBytes, vus } = this.#policy.limits
    const vms = Math.min(count, vus) + 1
    this.#memoryBytes = Math.min(hostMemoryBytes + vms * memoryBytes, totalmem())
    try {
      this.#cgroup?.setMemory(this.#memoryBytes)
    } catch {
      // It stays at what it was.
    }
  }

  /** Ends it at once; `cause` is told as the reason, unless there is one already. */
  kill(cause: AppError): void {
    if (this.#isGone) return
    this.#cause ??= cause
    this.#killGroup()
  }

  /** Ends it and everything of it. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.kill(new AppError('PROCESS_LOST', 'the run was closed'))
    await this.#gone
    clearInterval(this.#sampling)
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
    this.channel?.destroy()
    for (let i = 0; i < 50 && !this.#discard(); i++) await new Promise((resolve) => setTimeout(resolve, 20))
    open.delete(this)
  }

  /** As `close`, for the end of this process. */
  closeNow(): void {
    if (!this.#isGone) this.#killGroup()
    const cell = new Int32Array(new SharedArrayBuffer(4))
    for (let i = 0; i < 20 && !this.#discard(); i++) Atomics.wait(cell, 0, 0, 10)
  }

  /** False while something of it is there. */
  #discard(): boolean {
    for (const pid of this.#cgroup?.processes ?? []) tryKill(pid)
    try {
      rmSync(this.#folder, { recursive: true, force: true })
    } catch {
      return false
    }
    return this.#cgroup?.remove() ?? true
  }

  #killGroup(): void {
    const { pid } = this.#child
    if (pid === undefined) return
    // The whole group, by its leader's number, which is taken as long as one of the group is there.
    if (process.platform === 'win32' || !tryKill(-pid)) this.#child.kill('SIGKILL')
  }

  #listen(stream: Readable, onOutput: (line: string) => void): void {
    let rest = ''
    stream.setEncoding('utf8')
    stream.on('error', () => {})
    stream.on('data', (chunk: string) => {
      // What is too much is read and forgotten, so that the process does not wait for us.
      if (this.#output.length > maxOutputBytes) return
      this.#output += chunk
      const lines = (rest + chunk).split('\n')
      rest = (lines.pop() ?? '').slice(0, 4096)
      for (const line of lines) if (line !== '') onOutput(line)
    })
  }

  async #end(): Promise<AppError> {
    const how = await new Promise<AppError>((resolve) => {
      this.#child.once('error', (e) => {
        resolve(notStarted(e))
      })
      this.#child.once('exit', (code, signal) => {
        // Those that it started go with it.
        this.#killGroup()
        this.#isGone = true
        resolve(this.#reason(code, signal))
      })
    })
    this.#isGone = true
    await drained(this.channel)
    return this.#cause ?? how
  }

  #reason(code: number | null, signal: NodeJS.Signals | null): AppError {
    if (
      this.#cgroup?.wasOutOfMemory ||
      /heap out of memory|Allocation failed|Array buffer allocation/.test(this.#output)
    ) {
      return this.#outOfMemory()
    }
    if (signal === 'SIGXCPU') {
      return new AppError('LIMIT_CPU', 'the process of the run used more CPU time than runCpuMs lets a run have')
    }
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`
    return new AppError('PROCESS_LOST', `the process of the run ended before its time, ${how}`)
  }

  #outOfMemory(): AppError {
    const { hostMemoryBytes } = this.#policy.limits
    return new AppError(
      'LIMIT_MEMORY',
      `the process of the run was ended: it used more memory than its VMs may have and the ${hostMemoryBytes} bytes of hostMemoryBytes`,
      { hint: 'raise the limit hostMemoryBytes, or have fewer VUs' },
    )
  }

  async #sample(): Promise<void> {
    const { pid } = this.#child
    if (pid === undefined || this.#isGone) return
    const usage = await processUsage(pid)
    if (usage === undefined) return
    this.#resources = {
      peakMemoryBytes: Math.max(this.#resources.peakMemoryBytes, usage.peakMemoryBytes),
      cpuMs: Math.max(this.#resources.cpuMs, usage.cpuMs),
    }
    if (usage.memoryBytes > this.#memoryBytes) this.kill(this.#outOfMemory())
  }

  /** Asks once more what it has used. */
  async measure(): Promise<RunResources> {
    await this.#sample()
    return this.#resources
  }
}

const notStarted = (cause: unknown): AppError =>
  new AppError('PROCESS_LOST', 'the process of the run could not be started', { cause })

function newFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), 'belljar-'))
  } catch (e) {
    throw notStarted(e)
  }
}

function launcherArguments({ limits }: Policy, cgroup: Cgroup | undefined, command: readonly string[]): string[] {
  const { runCpuMs, vus, connections } = limits
  const files = Math.min(maxOpenFiles, 1024 + vus * connections)
  // Twice what guest code may have: the host's part of a run is not the script's fault. The rest is for the start.
  const seconds = Math.ceil((2 * runCpuMs) / 1000) + 30
  const [soft, hard] = Number.isFinite(seconds) ? [String(seconds), String(seconds + 5)] : ['unlimited', 'unlimited']
  // The process writes no files.
  return ['-c', launcher, shell, String(files), '0', soft, hard, ...(cgroup?.folders ?? []), '--', ...command]
}

/** What the program of a run needs of the environment: nothing that this process was told. */
function childEnvironment(): Record<string, string> {
  const { TZ, LANG } = process.env
  return {
    PATH: '/usr/bin:/bin:/usr/sbin:/sbin',
    ...(TZ === undefined ? {} : { TZ }),
    ...(LANG === undefined ? {} : { LANG }),
  }
}

function tryKill(pid: number): boolean {
  try {
    process.kill(pid, 'SIGKILL')
    return true
  } catch {
    return false
  }
}

/** Something that holds the other end open must not keep us waiting. */
function drained(channel: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (channel.readableEnded || channel.destroyed) return resolve()
    const timer = setTimeout(resolve, drainMs)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    channel.once('end', done)
    channel.once('close', done)
  })
}

function listenOnce(): void {
  if (isListening) return
  isListening = true
  process.on('exit', () => {
    for (const jail of open) jail.closeNow()
  })
}

/** The built command as a process of its own, to its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { packageRoot } from '../../package-root.js'

export interface EndedCommand {
  code: number | null
  out: string
  err: string
}

export interface CommandOptions {
  env?: Record<string, string>
  /** What it reads from standard input. */
  input?: string
  /** Told of the process when it has started. */
  onStart?: (child: ChildProcess) => void
}

/** Runs `belljar` with `args` in `folder`, which is its home as well. Of the environment it gets PATH, and `env`. */
export function runCommand(
  folder: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<EndedCommand> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(packageRoot, 'bin', 'belljar.js'), ...args], {
      cwd: folder,
      env: { PATH: process.env.PATH, HOME: folder, ...options.env },
      stdio: 'pipe',
    })
    let out = ''
    let err = ''
    child.stdout.on('data', (chunk) => {
      out += chunk
    })
    child.stderr.on('data', (chunk) => {
      err += chunk
    })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, out, err }))
    options.onStart?.(child)
    child.stdin.end(options.input ?? '')
  })
}

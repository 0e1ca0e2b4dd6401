/** Who is compared: how each is started, and how it tells its times and errors. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageRoot } from '../package-root.js'
import { describe, type Ended, type Program } from './client-process.js'
import type { LoopResult } from './loops/loop.js'

export type ContestantName = 'belljar' | 'k6' | 'grpc-js' | 'http2' | 'tcp'

/** A program, and how to read what it left. */
export interface Contestant {
  readonly program: Program
  /** @throws {Error} when it failed */
  outcome(ended: Ended): LoopResult
}

export interface ScriptRun {
  /** In bench/scripts. */
  readonly script: string
  readonly flags: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** For the summary. */
  readonly folder: string
  /** The trend that the times are taken from. */
  readonly trend?: string
}

/** The command that runs scripts: belljar, or k6 itself. */
export interface Runner {
  readonly command: string
  readonly args: readonly string[]
}

interface Summary {
  metrics: Record<string, Record<string, number> | undefined>
}

/** Exit codes that are no failure: done, and ended by SIGINT. */
const goodExitCodes = [0, 105]

/** A run of a script. Every iteration must make exactly one check. */
export function scriptContestant(runner: Runner, { script, flags, env, folder, trend }: ScriptRun): Contestant {
  const summaryFile = join(folder, 'summary.json')
  const program = {
    command: runner.command,
    args: [
      ...runner.args,
      ...['run', '--quiet', '--no-usage-report', '--summary-trend-stats', 'med,p(99),max'],
      ...['--summary-export', summaryFile, ...flags, join(packageRoot, 'bench/scripts', script)],
    ],
    env: { ...env, NO_COLOR: '1' },
  }
  return {
    program,
    outcome(ended) {
      if (!goodExitCodes.includes(ended.exitCode)) throw new Error(describe(program, ended))
      const { metrics } = JSON.parse(readFileSync(summaryFile, 'utf8')) as Summary
      const { passes = 0, fails = 0 } = metrics.checks ?? {}
      const times = metrics[trend ?? 'grpc_req_duration'] ?? {}
      // An iteration that threw made no check; nothing may be measured that did nothing.
      const unchecked = Math.max(0, (metrics.iterations?.count ?? 0) - passes - fails)
      return {
        errors: fails + unchecked + (passes === 0 ? 1 : 0),
        medianMs: times.med ?? 0,
        p99Ms: times['p(99)'] ?? 0,
        maxMs: times.max ?? 0,
      }
    },
  }
}

/** One of the yardsticks, bench/loops. */
export function loopContestant(name: string, kind: string, address: string, connections: number): Contestant {
  const file = fileURLToPath(new URL(`loops/${name}.js`, import.meta.url))
  const program = { command: process.execPath, args: [file, kind, address, String(connections)] }
  return {
    program,
    outcome(ended) {
      if (ended.exitCode !== 0) throw new Error(describe(program, ended))
      return JSON.parse(ended.stdout) as LoopResult
    },
  }
}

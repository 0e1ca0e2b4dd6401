/** Runs of bench/hello.js with the built command, and what they say of speed and memory. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../package-root.js'
import { measure } from './measured-process.js'

export interface BelljarRun {
  iterations: number
  /** Over the time of the test, without starting and ending the process. */
  iterationsPerSecond: number
  cpuMicros: number
  /** Failed checks, and 1 for a run that did not end with 0. */
  errors: number
  /** Resident memory when the last iteration was done. */
  endRssBytes: number
  /** The first look at the memory after so many iterations; undefined when the run was too short for one. */
  early: { iterations: number; rssBytes: number } | undefined
}

interface Summary {
  metrics: { iterations?: { count: number; rate: number }; checks?: { fails: number } }
}

/** `earlyIterations` says when to look at the memory for the first time. */
export async function runBelljar(
  folder: string,
  address: string,
  vus: number,
  iterations: number,
  earlyIterations = Number.POSITIVE_INFINITY,
): Promise<BelljarRun> {
  const summaryFile = join(folder, 'summary.json')
  const flags = ['--vus', String(vus), '--iterations', String(iterations), '--summary-export', summaryFile]
  const args = [join(packageRoot, 'bin/belljar.js'), 'run', ...flags, join(packageRoot, 'bench/hello.js')]
  let early: BelljarRun['early']
  let endRssBytes = 0
  let hasSummary = false
  const { exitCode, cpuMicros, stderr } = await measure(folder, args, { GRPC_ADDR: address }, (line, rssBytes) => {
    if (line.includes('TOTAL RESULTS')) hasSummary = true
    // The summary is written when all is done; what comes after is the process ending.
    if (!hasSummary || endRssBytes === 0) endRssBytes = rssBytes
    const done = Number(/, (\d+) complete/.exec(line)?.[1] ?? 0)
    if (!hasSummary && early === undefined && done >= earlyIterations) early = { iterations: done, rssBytes }
  })
  if (stderr !== '') process.stderr.write(stderr)
  const { metrics } = JSON.parse(readFileSync(summaryFile, 'utf8')) as Summary
  return {
    iterations: metrics.iterations?.count ?? 0,
    iterationsPerSecond: metrics.iterations?.rate ?? 0,
    cpuMicros,
    errors: (metrics.checks?.fails ?? 0) + (exitCode === 0 ? 0 : 1),
    endRssBytes,
    early,
  }
}

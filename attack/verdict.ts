/** Judges what came of an attack: whether it ended as it must, whom it hurt, and what got out. */
import { packageRoot } from '../package-root.js'
import { healthyIterations } from './healthy.js'
import type { Played } from './play.js'

/** Longer than any attack may take, whatever the machine. */
const longestMs = 20_000
/** More than the VMs of an attack and its process may have together; what a sane run needs is about half of it. */
const mostMemoryBytes = 768 * 1024 * 1024
/** What a log may never show: paths and stacks of the host, and control characters. */
const leaks: readonly (readonly [what: string, pattern: RegExp])[] = [
  // A message may have lines of its own; those of the log have none.
  ['a control character', /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/],
  ['a place in Node.js', /node:internal|\bnode:[a-z_]+\/|at process\.|node_modules/],
  ['an error of Node.js', /\bERR_[A-Z0-9_]+|\b(ENOENT|EACCES|ELOOP|ENAMETOOLONG|ECONNREFUSED)\b/],
  ['an internal error', /internal error|"code":"INTERNAL"/],
]

/** Everything that is wrong with an end; nothing for an attack that was held. */
export function wrongsOf(played: Played, watched: readonly string[], slow: number): string[] {
  return [...endWrongs(played, slow), ...healthyWrongs(played), ...leakWrongs(played, watched)]
}

function endWrongs({ attack, outcome, log, hung, tookMs, place, server }: Played, slow: number): string[] {
  const { ends } = attack
  const wrongs: string[] = []
  const { error } = outcome
  if (hung) wrongs.push('it did not end by itself')
  else if (tookMs > longestMs * slow) wrongs.push(`it took ${Math.round(tookMs)} ms`)
  const wanted = ends.error === undefined ? [] : [ends.error].flat()
  if (wanted.length === 0 && error !== undefined) wrongs.push(`ended with ${error.code}: ${error.message}`)
  if (wanted.length > 0 && !wanted.some((code) => code === error?.code)) {
    wrongs.push(
      `ended with ${error === undefined ? 'no error' : `${error.code}: ${error.message}`}, not ${wanted.join(' or ')}`,
    )
  }
  const all = allText(outcome, log)
  const { limit, says, neverSays, refusedBy } = ends
  if (limit !== undefined && !all.includes(limit)) wrongs.push(`nothing names the limit ${limit}`)
  if (says !== undefined && !says.test(all)) wrongs.push(`nothing says ${says}`)
  const forbidden = neverSays?.exec(all)
  if (forbidden) wrongs.push(`something says ${JSON.stringify(forbidden[0])}`)
  const sections = outcome.audit.records.map(({ section }) => section)
  if (refusedBy !== undefined && !sections.some((section) => section === refusedBy)) {
    wrongs.push(`no refusal of ${refusedBy} is on record`)
  }
  const memoryBytes = outcome.resources?.peakMemoryBytes ?? 0
  if (memoryBytes > mostMemoryBytes) wrongs.push(`it took ${Math.round(memoryBytes / 2 ** 20)} MB`)
  try {
    attack.check?.({ outcome, log, place, server })
  } catch (e) {
    wrongs.push(e instanceof Error ? e.message.split('\n').slice(0, 6).join(' ') : String(e))
  }
  return wrongs
}

/** Iterations of the healthy VU that may be missing: in a thread that was cut, those that are reported as interrupted. */
function healthyWrongs({ attack, outcome, neighbourMade, tenant, tenantMade }: Played): string[] {
  const wrongs: string[] = []
  if (attack.script === undefined && (attack.neighbour ?? 'goes on') === 'goes on') {
    const missing = healthyIterations.neighbour - neighbourMade
    // One of those that were interrupted was the attacker's own.
    const excused = attack.threads === 1 ? Math.max(0, outcome.iterations.interrupted - 1) : 0
    if (missing > excused) wrongs.push(`the healthy VU lost ${missing} iterations, ${excused} of them reported`)
    const checks = outcome.metrics.checks?.values
    if (Number(checks?.fails ?? 0) > 0 && !/check/.test(attack.attack ?? ''))
      wrongs.push('checks of the healthy VU failed')
  }
  if (tenantMade !== healthyIterations.tenant || tenant.iterations.completed !== healthyIterations.tenant) {
    wrongs.push(`the other tenant made ${tenant.iterations.completed} of ${healthyIterations.tenant} iterations`)
  }
  if (tenant.status !== 'passed')
    wrongs.push(`the other tenant ended with ${tenant.error?.code}: ${tenant.error?.message}`)
  if (Number(tenant.metrics.checks?.values.fails ?? 0) > 0) wrongs.push('checks of the other tenant failed')
  return wrongs
}

function leakWrongs({ outcome, log, secret }: Played, watched: readonly string[]): string[] {
  const wrongs = watched.map((where) => `it reached ${where}`)
  const all = allText(outcome, log)
  if (all.includes(secret)) wrongs.push('the secret got out')
  if (all.includes(packageRoot)) wrongs.push('a path of the program got out')
  for (const line of [...log, outcome.error?.message ?? '']) {
    for (const [what, pattern] of leaks) {
      const found = pattern.exec(line)
      if (found)
        wrongs.push(
          `the log shows ${what}: ${JSON.stringify(line.slice(Math.max(0, found.index - 60), found.index + 60))}`,
        )
    }
    if (wrongs.length > 5) break
  }
  return wrongs
}

/** All that anybody can see of a run. */
export function allText(outcome: Played['outcome'], log: readonly string[]): string {
  const files = [...(outcome.files ?? [])].flat().map(String)
  return [
    JSON.stringify({ ...outcome, metrics: Object.keys(outcome.metrics), files: undefined }),
    ...log,
    ...files,
  ].join('\n')
}

/** How an attack ended, in a few words. */
export function endingOf({ outcome, log, hung }: Played): string {
  if (hung) return 'hung'
  const { error } = outcome
  const all = allText(outcome, log)
  const limit = /\(limit (\w+)\)/.exec(all)?.[1] ?? /"section":"limits\.(\w+)"/.exec(all)?.[1]
  const refused = /"section":"([a-zA-Z.]+)"/.exec(all)?.[1]
  const word = error?.code ?? (outcome.status === 'passed' ? 'went on' : outcome.status)
  const why = limit ?? refused
  return why === undefined ? word : `${word}, ${why}`
}

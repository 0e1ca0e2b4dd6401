/**
 * `npm run attack`: plays every attack of the corpus, each beside a healthy VU of its own run and a healthy run of another
 * tenant, and prints a table of how they ended. Ends with "N passed, N failed"; the exit status is 0 only if nothing failed.
 * All traffic is on loopback addresses of this machine.
 *
 *   --filter RE   plays only those whose `area: name` matches
 *   --jobs N      plays so many at once; 2 without it
 *   --json FILE   writes the table as JSON, too
 *   --slow N      gives all times N-fold, on a machine that is busy with other things
 *   --verbose     shows the outcome and the log of each
 */
import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { cleanText } from '../report/clean-text.js'
import type { Attack } from './attack.js'
import { areas } from './attacks/index.js'
import { type Arena, play } from './play.js'
import { startGoodServer } from './servers/good-server.js'
import { startWatchers } from './servers/watchers.js'
import { heading, type Row, rowOf, rowText } from './table.js'
import { allText, wrongsOf } from './verdict.js'

const { values } = parseArgs({
  options: {
    filter: { type: 'string', default: '' },
    jobs: { type: 'string', default: '2' },
    every: { type: 'string', default: '1' },
    json: { type: 'string' },
    slow: { type: 'string', default: '1' },
    verbose: { type: 'boolean', default: false },
  },
})
const filter = new RegExp(values.filter)
const slow = Math.max(1, Number(values.slow) || 1)
const queue = areas.flatMap(({ name: area, attacks }) => attacks.map((attack) => ({ area, attack })))
refuseDoubles(queue.map(({ area, attack }) => `${area}: ${attack.name}`))
const every = Math.max(1, Number(values.every) || 1)
const waiting = queue
  .filter(({ area, attack }) => filter.test(`${area}: ${attack.name}`))
  .filter((_, index) => index % every === 0)

const good = await startGoodServer()
const secret = randomBytes(12).toString('hex')
process.env.ATTACK_SECRET = secret
const rows: Row[] = []
console.log(heading)
await Promise.all(Array.from({ length: Math.max(1, Number(values.jobs) || 1) }, work))
await good.close()
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
const failed = rows.filter(({ wrongs }) => wrongs.length > 0).length
console.log(`\n${rows.length - failed} passed, ${failed} failed`)
// A run that was left behind would keep the program alive, and must not.
process.exit(failed === 0 && rows.length > 0 ? 0 : 1)

/** Each worker has watchers of its own, so that it is known which attack reached them. */
async function work(): Promise<void> {
  const watchers = await startWatchers()
  for (const name of [
    'grpc_proxy',
    'http_proxy',
    'https_proxy',
    'all_proxy',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'ALL_PROXY',
  ]) {
    process.env[name] = `http://${watchers.places.CLOSED}`
  }
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const row = await judged(next.attack, next.area, { good, watchers, secret, slow })
    rows.push(row)
    console.log(rowText(row))
  }
  await watchers.close()
}

async function judged(attack: Attack, area: string, arena: Arena): Promise<Row> {
  try {
    return await play(attack, area, arena, (played) => {
      const wrongs = wrongsOf(played, arena.watchers.take(), slow).map((wrong) => cleanText(wrong).slice(0, 400))
      if (values.verbose) console.log(cleanText(allText(played.outcome, played.log), true).slice(0, 6000))
      return rowOf(played, wrongs)
    })
  } catch (e) {
    const wrongs = [`the harness failed: ${cleanText(e instanceof Error ? (e.stack ?? e.message) : String(e))}`]
    return { area, name: attack.name, ended: '-', tookMs: 0, peakMemoryBytes: 0, neighbour: '-', tenant: '-', wrongs }
  }
}

function refuseDoubles(names: readonly string[]): void {
  const double = names.find((name, at) => names.indexOf(name) !== at)
  if (double !== undefined) throw new Error(`two attacks are called "${double}"`)
}

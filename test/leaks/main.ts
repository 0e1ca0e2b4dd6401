/**
 * Hostile and healthy runs in turn through the library in one process, too many for the tests: how each ends, and that none
 * leaves anything behind. Prints a line for each claim, and at the end `N passed, N failed`.
 *
 *     node build/test/leaks/main.js [RUNS OF EACH KIND]
 */
import { beyond, leftovers, usedBytes } from './leftovers.js'
import { Platform } from './platform.js'
import { type GivenScript, healthy, hostile } from './scripts.js'

const rounds = Number(process.argv[2] ?? 50)
/** What code that was compiled, caches and pools may still take up in the second half. */
const growthBytes = 16 * 1024 * 1024
const residentGrowthBytes = 64 * 1024 * 1024

const counts = { passed: 0, failed: 0 }
function claim(what: string, problem: string | undefined): void {
  counts[problem === undefined || problem === '' ? 'passed' : 'failed']++
  console.log(problem ? `FAIL ${what}: ${problem}` : `ok   ${what}`)
}

const used: number[] = []
const resident: number[] = []
const platform = await Platform.start()
try {
  const attempt = async (script: GivenScript) => {
    const start = Date.now()
    const problem = await platform.run(script)
    return { problem, seconds: ((Date.now() - start) / 1000).toFixed(1) }
  }
  // What the first runs load stays, and is no leak.
  for (const script of [healthy, hostile[0]!]) await attempt(script)
  // Its stream is a handle from its first line on.
  console.log(`${rounds} hostile and ${rounds} healthy runs`)
  const before = leftovers()
  for (let round = 0; round < rounds; round++) {
    for (const script of [hostile[round % hostile.length]!, healthy]) {
      const { problem, seconds } = await attempt(script)
      claim(`${round + 1}: ${script.name} (${seconds} s)`, problem)
    }
    used.push(usedBytes())
    resident.push(process.memoryUsage.rss())
  }
  // What was closed last may need a turn of the loop to be gone.
  await new Promise((done) => setTimeout(done, 500))
  claim('no process, descriptor, handle or folder is left', beyond(before, leftovers()))
  claim('nobody reached the address that is closed', grown(platform.forbiddenConnections, 0, 'connections'))
  claim('memory in use stays the same', grown(growth(used), growthBytes, 'bytes more in use'))
  claim('resident memory stays the same', grown(growth(resident), residentGrowthBytes, 'bytes more resident'))
} catch (e) {
  claim('all runs', e instanceof Error ? (e.stack ?? e.message) : String(e))
} finally {
  platform.close()
}
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1

/** How much more the second half has than the first, on the average. */
function growth(values: readonly number[]): number {
  const middle = Math.floor(values.length / 2)
  const average = (part: readonly number[]) => part.reduce((sum, value) => sum + value, 0) / Math.max(part.length, 1)
  return Math.round(average(values.slice(middle)) - average(values.slice(0, middle)))
}

function grown(value: number, most: number, unit: string): string | undefined {
  return value > most ? `${value} ${unit}` : undefined
}

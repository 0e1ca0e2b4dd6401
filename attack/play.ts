/** Plays one attack: the hostile run, with a healthy VU in it, and the run of another tenant beside it. */
import { randomBytes } from 'node:crypto'
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogLine } from '../host/vu-context.js'
import { formatLogfmt } from '../report/log-format.js'
import type { Attack, Place, Seen } from './attack.js'
import { healthyFiles, healthyIterations, healthyScenario, tenantScript } from './healthy.js'
import { makePlace } from './place.js'
import type { GoodServer } from './servers/good-server.js'
import type { Watchers } from './servers/watchers.js'
import { runTenant, type TenantOutcome } from './tenant.js'

/** What all attacks share. */
export interface Arena {
  readonly good: GoodServer
  readonly watchers: Watchers
  /** Text that lies in closed files and in the environment of this process, and must never get out. */
  readonly secret: string
  /** All times are so many times as long. */
  readonly slow: number
}

export interface Played extends Seen {
  readonly attack: Attack
  readonly area: string
  /** From the start of the hostile run to its outcome, in ms. */
  readonly tookMs: number
  /** It had to be stopped from outside, because it did not end by itself. */
  readonly hung: boolean
  /** Calls of the healthy VU of the same run, as the good server counted them. */
  readonly neighbourMade: number
  readonly tenant: TenantOutcome
  readonly tenantMade: number
  /** See `Arena`. */
  readonly secret: string
}

/** A run that has not ended by then is stopped, and the attack has succeeded. */
const patienceMs = 25_000

/** Small, so that each attack is over soon. */
export const attackLimits = {
  cpuMs: 400,
  initCpuMs: 3000,
  stageCpuMs: 800,
  graceMs: 200,
  iterationMs: 8000,
  runMs: 15_000,
  vus: 20,
  memoryBytes: 32 * 1024 * 1024,
  hostMemoryBytes: 256 * 1024 * 1024,
  callMs: 4000,
} as const

/** Plays an attack to its end, and has `judge` look at what came of it while its folders are still there. */
export async function play<T>(
  attack: Attack,
  area: string,
  { good, watchers, secret, slow }: Arena,
  judge: (played: Played) => T,
): Promise<T> {
  const id = randomBytes(6).toString('hex')
  const place = await makePlace(attack, secret)
  const server = await attack.server?.()
  const lines: LogLine[] = []
  const tenant = startTenant(`tenant-${id}`, good)
  const stop = new AbortController()
  let hung = false
  const timer = setTimeout(() => {
    hung = true
    stop.abort()
  }, patienceMs * slow)
  const began = performance.now()
  try {
    const outcome = await runTenant({
      path: join(place.folder, attack.mainName ?? 'script.js'),
      policy: { ...openFor(place, [good, server]), ...attack.policy, limits: limitsOf(attack, slow) },
      ...(attack.script !== undefined && attack.options === undefined ? {} : { options: optionsOf(attack, slow) }),
      env: {
        ...watchers.places,
        GOOD: good.address,
        HEALTHY: `neighbour-${id}`,
        OUTSIDE: place.outside,
        OUTPUT: place.output,
        ...(server === undefined ? {} : { HOSTILE: server.address, HOSTILE_PORT: String(server.port) }),
      },
      threads: attack.threads ?? 2,
      signal: stop.signal,
      onLine: (line) => lines.push(line),
    })
    const tookMs = performance.now() - began
    return judge({
      ...{ attack, area, outcome, tookMs, hung, place, server, secret },
      log: lines.map(({ timeMs, ...line }) => formatLogfmt({ ...line, time: new Date(timeMs) }).trimEnd()),
      neighbourMade: good.callsOf(`neighbour-${id}`),
      tenant: await tenant.outcome,
      tenantMade: good.callsOf(`tenant-${id}`),
    })
  } finally {
    clearTimeout(timer)
    await tenant.outcome.catch(() => {})
    tenant.remove()
    place.remove()
    await server?.close()
  }
}

/** The run of another tenant, in the same parent process. */
function startTenant(name: string, good: GoodServer): { outcome: Promise<TenantOutcome>; remove(): void } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tenant-')))
  for (const [file, text] of Object.entries({ ...healthyFiles, 'script.js': tenantScript })) {
    writeFileSync(join(folder, file), text)
  }
  const outcome = runTenant({
    path: join(folder, 'script.js'),
    policy: openFor({ folder, output: folder }, [good]),
    options: { scenarios: { tenant: healthyScenario(healthyIterations.tenant, 'default') } },
    env: { GOOD: good.address, HEALTHY: name },
    threads: 1,
    signal: new AbortController().signal,
    onLine: () => {},
  })
  return { outcome, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function optionsOf({ script, options, iterations = 1 }: Attack, slow: number): Record<string, unknown> {
  if (script !== undefined) return { ...options }
  return {
    scenarios: {
      attacker: { ...healthyScenario(iterations, 'attack'), maxDuration: `${10 * slow}s` },
      healthy: healthyScenario(healthyIterations.neighbour, 'healthy'),
    },
    ...options,
  }
}

/** What of the policy is open to an attack: two servers, and its own folders. */
function openFor(place: Pick<Place, 'folder' | 'output'>, servers: readonly ({ address: string } | undefined)[]) {
  return {
    network: { allow: servers.flatMap((server) => (server === undefined ? [] : [server.address])) },
    files: { read: [place.folder], write: [place.output] },
  }
}

function limitsOf(attack: Attack, slow: number): Record<string, number> {
  const all = Object.entries({ ...attackLimits, ...attack.limits })
  return Object.fromEntries(all.map(([name, value]) => [name, name.endsWith('Ms') ? value * slow : value]))
}

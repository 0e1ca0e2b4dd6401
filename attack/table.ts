/** The table of all attacks: a line for each, and what is wrong below those that broke something. */
import { healthyIterations } from './healthy.js'
import type { Played } from './play.js'
import { endingOf } from './verdict.js'

/** A line of the table, as the JSON copy has it too. */
export interface Row {
  readonly area: string
  readonly name: string
  readonly ended: string
  readonly tookMs: number
  readonly peakMemoryBytes: number
  /** Where the healthy VU of the same run was, and its iterations as the server counted them. */
  readonly neighbour: string
  readonly tenant: string
  readonly wrongs: readonly string[]
}

export function rowOf(played: Played, wrongs: readonly string[]): Row {
  const { attack, area, tookMs, outcome, neighbourMade, tenantMade } = played
  return {
    area,
    name: attack.name,
    ended: endingOf(played),
    tookMs: Math.round(tookMs),
    peakMemoryBytes: outcome.resources?.peakMemoryBytes ?? 0,
    neighbour: neighbourText(attack, neighbourMade),
    tenant: `${tenantMade}/${healthyIterations.tenant}`,
    wrongs,
  }
}

function neighbourText({ script, neighbour = 'goes on', threads = 2 }: Played['attack'], made: number): string {
  if (script !== undefined || neighbour === 'none') return 'none'
  const where = threads === 1 ? 'same thread' : 'own thread'
  const end = neighbour === 'goes on' ? '' : ', ends with the run'
  return `${made}/${healthyIterations.neighbour} ${where}${end}`
}

export const heading = line('', 'area', 'attack', 'how it ended', 's', 'MB', 'healthy VU', 'tenant')

export function rowText(row: Row): string {
  const text = line(
    row.wrongs.length === 0 ? 'ok' : 'FAIL',
    row.area,
    row.name,
    row.ended,
    (row.tookMs / 1000).toFixed(1),
    (row.peakMemoryBytes / 2 ** 20).toFixed(0),
    row.neighbour,
    row.tenant,
  )
  return [text, ...row.wrongs.map((wrong) => `       ${wrong}`)].join('\n')
}

function line(...cells: readonly string[]): string {
  const widths = [4, 10, 58, 34, 5, 5, 38, 6]
  return cells
    .map((cell, at) => (at === 4 || at === 5 ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
    .join('  ')
    .trimEnd()
}

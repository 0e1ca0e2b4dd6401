/** The flags of the benchmark. */
import { parseArgs } from 'node:util'
import { figures } from './figures.js'
import { type Measurement, measurements } from './measurements.js'
import { type ServerKind, serverKinds } from './server/bench-server.js'

export const help = `Usage: npm run bench -- [flags]

  --only regex           make these measurements and figures only, and what their figures need
  --rounds n             rounds of all measurements, whose medians count (default 3)
  --quick                one short round: less exact, to see that all works
  --warm-up seconds      of CPU time, before a client is measured (default 8, quick 2)
  --seconds n            how long it is measured (default 6, quick 2)
  --json file            write all values as JSON
  --markdown file        write the tables for docs/performance.md
  --server kind          bare (the default) or http2: one like other servers of Node.js
  --grpc-transport name  passed to belljar
  --belljar file         another belljar.js to measure

K6_BIN names a k6 to measure beside.
`

export interface BenchOptions {
  readonly wanted: readonly Measurement[]
  readonly rounds: number
  readonly isQuick: boolean
  readonly warmUpMs: number
  readonly measureMs: number
  readonly jsonFile?: string
  readonly markdownFile?: string
  readonly belljarFile?: string
  readonly belljarFlags: readonly string[]
  readonly serverKind: ServerKind
}

function positive(text: string | undefined, flag: string, usual: number): number {
  if (text === undefined) return usual
  const value = Number(text)
  if (!(value > 0 && value <= 3600)) throw new Error(`--${flag} is "${text}", it must be a number above 0`)
  return value
}

/** Those that match, by their own name or by that of a figure, and those that the figures of these need. */
export function selectMeasurements(pattern: RegExp): Measurement[] {
  const ids = new Set(measurements.map(({ id }) => id).filter((id) => pattern.test(id)))
  for (const { id, needs } of figures) {
    if (pattern.test(id) || ids.has(id)) for (const need of needs) ids.add(need)
  }
  return measurements.filter(({ id }) => ids.has(id))
}

/** Undefined when help is wanted. @throws {Error} that names a flag which is unknown or has a bad value */
export function readBenchOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      rounds: { type: 'string' },
      quick: { type: 'boolean' },
      'warm-up': { type: 'string' },
      seconds: { type: 'string' },
      json: { type: 'string' },
      markdown: { type: 'string' },
      server: { type: 'string' },
      'grpc-transport': { type: 'string' },
      belljar: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return undefined
  const isQuick = values.quick ?? false
  const wanted = selectMeasurements(new RegExp(values.only ?? ''))
  if (wanted.length === 0) throw new Error(`no measurement matches --only ${values.only}`)
  const serverKind = serverKinds.find((kind) => kind === (values.server ?? 'bare'))
  if (serverKind === undefined)
    throw new Error(`--server is "${values.server}", it must be ${serverKinds.join(' or ')}`)
  const transport = values['grpc-transport']
  return {
    wanted,
    isQuick,
    serverKind,
    rounds: Math.ceil(positive(values.rounds, 'rounds', isQuick ? 1 : 3)),
    warmUpMs: positive(values['warm-up'], 'warm-up', isQuick ? 2 : 8) * 1000,
    measureMs: positive(values.seconds, 'seconds', isQuick ? 2 : 6) * 1000,
    belljarFlags: transport === undefined ? [] : ['--grpc-transport', transport],
    ...(values.json === undefined ? {} : { jsonFile: values.json }),
    ...(values.markdown === undefined ? {} : { markdownFile: values.markdown }),
    ...(values.belljar === undefined ? {} : { belljarFile: values.belljar }),
  }
}

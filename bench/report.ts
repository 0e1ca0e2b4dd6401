/** What the benchmark says at its end: the figures beside their goals, all values, and the same for programs. */
import type { ContestantName } from './contestants.js'
import { type Figure, figureOf, figures, middleOf, type Round } from './figures.js'
import { allowedGrowth, type Measurement, type Values } from './measurements.js'
import { markdownTable, shortNumber } from './tables.js'

/** Less than this is more than noise. */
const steadyDrift = 0.85

/** The figures whose measurements were made. Some of them are there only beside k6. */
const madeFigures = (rounds: readonly Round[]): readonly Figure[] =>
  figures.filter(({ needs }) => rounds.some((round) => needs.every((id) => round.get(id)?.belljar !== undefined)))

const withUnit = (value: number | undefined, unit: Figure['unit']): string =>
  value === undefined ? '–' : `${shortNumber(value)}${unit === 'x' ? '' : ` ${unit}`}`

/** In parentheses what was found elsewhere. */
function k6Cell(figure: Figure, rounds: readonly Round[]): string {
  const measured = figureOf(figure, rounds, 'k6')
  if (measured !== undefined || figure.k6About === undefined) return withUnit(measured, figure.unit)
  return `(${withUnit(figure.k6About, figure.unit)})`
}

/** The range of the rounds is shown too: it says how much of a difference is noise. */
export function figuresTable(rounds: readonly Round[]): string {
  const rows = madeFigures(rounds).map((figure) => {
    const each = rounds.map((round) => figure.of(round, 'belljar')).filter((value) => value !== undefined)
    const range = each.length < 2 ? '' : `${shortNumber(Math.min(...each))} to ${shortNumber(Math.max(...each))}`
    return [
      figure.title,
      figure.goal === undefined ? '' : `≤ ${withUnit(figure.goal, figure.unit)}`,
      withUnit(figureOf(figure, rounds, 'belljar'), figure.unit),
      range,
      k6Cell(figure, rounds),
    ]
  })
  return markdownTable(['figure', 'goal', 'belljar', 'rounds', 'k6'], rows)
}

const valuesOf = (rounds: readonly Round[], id: string, name: ContestantName): Values[] =>
  rounds.map((round) => round.get(id)?.[name]).filter((values) => values !== undefined)

export function valuesTable(rounds: readonly Round[], measurements: readonly Measurement[]): string {
  const rows: string[][] = []
  for (const { id, unit, contestants } of measurements) {
    for (const name of Object.keys(contestants) as ContestantName[]) {
      const all = valuesOf(rounds, id, name)
      if (all.length === 0) continue
      rows.push([`${id} ${name}`, ...valueCells(middleOf(all), unit)])
    }
  }
  const header = ['measurement', 'CPU each', 'a second', 'p50', 'p99', 'max', 'memory', 'wall', 'errors']
  return markdownTable(header, rows)
}

/** The cells after the name. */
export function valueCells(values: Values, unit: Measurement['unit']): string[] {
  const ms = (value: number | undefined) => withUnit(value, 'ms')
  const cpu =
    values.cpuSeconds === undefined
      ? values.cpuMicros === undefined
        ? '–'
        : `${shortNumber(values.cpuMicros)} µs/${unit}`
      : withUnit(values.cpuSeconds, 's')
  return [
    cpu,
    shortNumber(values.perSecond),
    ms(values.medianMs),
    ms(values.p99Ms),
    ms(values.maxMs),
    values.rssBytes === undefined ? '–' : withUnit(values.rssBytes / 1024 / 1024, 'MB'),
    ms(values.wallMs),
    values.errors === undefined ? '–' : String(values.errors),
  ]
}

/** What makes the benchmark fail: errors, and memory that grows. How fast a machine is, is no reason to. */
export function failures(rounds: readonly Round[], measurements: readonly Measurement[]): string[] {
  const found: string[] = []
  for (const { id, contestants } of measurements) {
    for (const name of Object.keys(contestants) as ContestantName[]) {
      const all = valuesOf(rounds, id, name)
      const errors = middleOf(all).errors ?? 0
      if (errors > 0) found.push(`${id} ${name}: ${errors} errors`)
      const growth = name === 'belljar' ? middleOf(all).growth : undefined
      if (growth !== undefined && growth > allowedGrowth) {
        found.push(`${id} ${name}: memory grew to ${growth.toFixed(3)} times what it was, ${allowedGrowth} is allowed`)
      }
    }
  }
  return found
}

/** Clients that were still warming up while they were measured: their figures are too high. No failure, as machines differ. */
export function unsteady(rounds: readonly Round[], measurements: readonly Measurement[]): string[] {
  const found: string[] = []
  for (const { id, contestants } of measurements) {
    for (const name of Object.keys(contestants) as ContestantName[]) {
      const { drift } = middleOf(valuesOf(rounds, id, name))
      if (drift === undefined || drift >= steadyDrift) continue
      found.push(
        `${id} ${name} was still warming up: in the second half it took ${drift.toFixed(2)} of what it had taken`,
      )
    }
  }
  return found
}

/** All of it as data. @param broken what could not be measured */
export function reportData(
  rounds: readonly Round[],
  measurements: readonly Measurement[],
  settings: object,
  broken: readonly string[],
): object {
  return {
    settings,
    figures: madeFigures(rounds).map((figure) => ({
      id: figure.id,
      title: figure.title,
      unit: figure.unit,
      goal: figure.goal,
      belljar: figureOf(figure, rounds, 'belljar'),
      k6: figureOf(figure, rounds, 'k6'),
      rounds: rounds.map((round) => figure.of(round, 'belljar')),
    })),
    measurements: measurements.map(({ id, title, unit, contestants }) => ({
      id,
      title,
      unit,
      contestants: Object.fromEntries(
        (Object.keys(contestants) as ContestantName[]).map((name) => {
          const all = valuesOf(rounds, id, name)
          return [name, all.length === 0 ? undefined : { median: middleOf(all), rounds: all }]
        }),
      ),
    })),
    failures: [...broken, ...failures(rounds, measurements)],
    unsteady: unsteady(rounds, measurements),
  }
}

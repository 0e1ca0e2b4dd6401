/** What is judged: ratios and sizes made of the values of one round, and what each is to be. */
import type { ContestantName } from './contestants.js'
import { allowedGrowth, type Values } from './measurements.js'
import { median } from './median.js'

/** Values of one round: by measurement, then by who was measured. */
export type Round = ReadonlyMap<string, Readonly<Partial<Record<ContestantName, Values>>>>

/** What a figure is to be. */
export interface Target {
  /** At most this. Absent where there is none. */
  readonly goal?: number
  /** What k6 was found to be where the goals were set; shown where k6 is not measured. */
  readonly k6About?: number
}

export interface Figure extends Target {
  readonly id: string
  readonly title: string
  /** Goal and figure are shown with it. */
  readonly unit: 'x' | 'MB' | 'ms' | 's'
  /** Measurements that it is made of. */
  readonly needs: readonly string[]
  /** The figure of one who runs scripts, or undefined where something for it was not measured. */
  of(round: Round, name: 'belljar' | 'k6'): number | undefined
}

type ValueName = keyof Values

const pick = (round: Round, measurement: string, name: ContestantName, value: ValueName): number | undefined =>
  round.get(measurement)?.[name]?.[value]

function quotient(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined || b === 0 ? undefined : a / b
}

/** CPU for each call, message or iteration beside that of a yardstick. */
function cpuRatio(
  id: string,
  title: string,
  yardstick: [measurement: string, name: ContestantName],
  target: Target = {},
): Figure {
  return {
    id,
    title,
    unit: 'x',
    needs: [id, yardstick[0]],
    ...target,
    of: (round, name) => quotient(pick(round, id, name, 'cpuMicros'), pick(round, ...yardstick, 'cpuMicros')),
  }
}

const megabytes = (bytes: number | undefined) => (bytes === undefined ? undefined : bytes / 1024 / 1024)

function size(id: string, title: string, measurement: string, target: Target = {}): Figure {
  return {
    id,
    title,
    unit: 'MB',
    needs: [measurement],
    ...target,
    of: (round, name) => megabytes(pick(round, measurement, name, 'rssBytes')),
  }
}

function time(id: string, title: string, measurement: string, value: 'medianMs' | 'p99Ms' | 'maxMs'): Figure {
  return { id, title, unit: 'ms', needs: [measurement], of: (round, name) => pick(round, measurement, name, value) }
}

function startRatio(id: string, title: string): Figure {
  return {
    id,
    title,
    unit: 'x',
    goal: 3.5,
    k6About: 1.4,
    needs: [id],
    of: (round, name) => quotient(pick(round, id, name, 'wallMs'), pick(round, id, name, 'nodeWallMs')),
  }
}

const unary: [string, ContestantName] = ['greet-20', 'grpc-js']

export const figures: readonly Figure[] = [
  cpuRatio('greet-20', 'CPU of a whole unary iteration / of a call of the bare grpc-js loop, 20 VUs', unary, {
    goal: 0.33,
    k6About: 0.53,
  }),
  cpuRatio('greet-tls-20', 'the same, both with TLS', ['greet-tls-20', 'grpc-js'], { goal: 0.4, k6About: 0.58 }),
  cpuRatio(
    'download-20',
    '100 KB in the response, read / bare grpc-js loop with the same',
    ['download-20', 'grpc-js'],
    { goal: 1.3, k6About: 2.6 },
  ),
  cpuRatio('feed-20', 'a message of a server stream, at its listener / call of the bare unary loop', unary, {
    goal: 0.04,
    k6About: 0.05,
  }),
  cpuRatio('batch-20', 'a call of asyncInvoke in batches of 10 / call of the bare unary loop', unary, {
    goal: 0.25,
    k6About: 0.36,
  }),
  cpuRatio('echo-20', 'a message there and back on a stream / the same in a bare grpc-js loop', ['echo-20', 'grpc-js']),
  cpuRatio('greet-1', 'unary iteration / bare grpc-js loop, 1 VU', ['greet-1', 'grpc-js']),
  cpuRatio('greet-200', 'unary iteration / bare grpc-js loop, 200 VUs', ['greet-200', 'grpc-js']),
  cpuRatio('greet-1000', 'unary iteration / bare grpc-js loop, 1,000 VUs', ['greet-1000', 'grpc-js']),
  size('vu-start-memory', 'all VUs of a crowd (1,000) have connected and called once: resident memory', 'vu-start', {
    goal: 400,
    k6About: 288,
  }),
  {
    id: 'vu-start-cpu',
    title: 'the same: CPU from the start of the command until then',
    unit: 's',
    k6About: 3.3,
    needs: ['vu-start'],
    of: (round, name) => pick(round, 'vu-start', name, 'cpuSeconds'),
  },
  {
    id: 'vu-start-cpu-k6',
    title: 'the same / that of k6',
    unit: 'x',
    goal: 1,
    needs: ['vu-start'],
    of: (round, name) =>
      quotient(pick(round, 'vu-start', name, 'cpuSeconds'), pick(round, 'vu-start', 'k6', 'cpuSeconds')),
  },
  {
    id: 'vu-memory',
    title: 'resident memory for each VU under way, from 1 VU to 1,000',
    unit: 'MB',
    needs: ['greet-1', 'greet-1000'],
    of(round, name) {
      const [one, many] = [pick(round, 'greet-1', name, 'rssBytes'), pick(round, 'greet-1000', name, 'rssBytes')]
      return one === undefined || many === undefined ? undefined : megabytes((many - one) / 999)
    },
  },
  {
    id: 'memory-growth',
    title: 'memory of 200 VUs after 20,000 calls / after 2,000',
    unit: 'x',
    goal: allowedGrowth,
    needs: ['greet-200'],
    of: (round, name) => pick(round, 'greet-200', name, 'growth'),
  },
  startRatio('start-empty', 'a run of one empty iteration, wall time / `node -e 0`'),
  startRatio('start-greet', 'a run of one iteration with a call, wall time / `node -e 0`'),
  cpuRatio('compute-2', 'plain JavaScript, CPU of an iteration / that of k6', ['compute-2', 'k6'], {
    goal: 1,
    k6About: 1,
  }),
  time('neighbours-alone-p50', '10 VUs in a thread: duration of their calls, p50', 'neighbours-alone', 'medianMs'),
  time('neighbours-alone-p99', 'the same, p99', 'neighbours-alone', 'p99Ms'),
  time('neighbours-alone-max', 'the same, max', 'neighbours-alone', 'maxMs'),
  time(
    'neighbours-computing-p50',
    'beside a VU that computes for 100 ms, then rests for 100: p50',
    'neighbours-computing',
    'medianMs',
  ),
  time('neighbours-computing-p99', 'the same, p99', 'neighbours-computing', 'p99Ms'),
  time('neighbours-computing-max', 'the same, max', 'neighbours-computing', 'maxMs'),
]

/**
 * The median of what the figure is in each round: both sides of a ratio are of the same minutes, so what a machine does besides
 * changes it less than it changes them.
 */
export function figureOf(figure: Figure, rounds: readonly Round[], name: 'belljar' | 'k6'): number | undefined {
  return median(rounds.map((round) => figure.of(round, name)).filter((value) => value !== undefined))
}

/** The median of each value over all rounds, but for errors, which are summed. */
export function middleOf(all: readonly Values[]): Values {
  const middle: Values = {}
  for (const name of new Set(all.flatMap((values) => Object.keys(values) as ValueName[]))) {
    const values = all.map((each) => each[name]).filter((value) => value !== undefined)
    middle[name] = name === 'errors' ? values.reduce((sum, value) => sum + value, 0) : median(values)!
  }
  return middle
}

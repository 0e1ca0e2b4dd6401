import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readBenchOptions, selectMeasurements } from '../../bench/bench-options.js'
import { figureOf, figures, middleOf, type Round } from '../../bench/figures.js'
import { measurements } from '../../bench/measurements.js'
import { median } from '../../bench/median.js'
import { failures, figuresTable, reportData, unsteady } from '../../bench/report.js'
import { markdownTable, shortNumber } from '../../bench/tables.js'
import { packageRoot } from '../../package-root.js'

const figure = (id: string) => figures.find((each) => each.id === id)!

/** A round of unary calls. */
const round = (belljar: number, grpcJs: number, errors = 0): Round =>
  new Map([['greet-20', { belljar: { cpuMicros: belljar, errors }, 'grpc-js': { cpuMicros: grpcJs, errors: 0 } }]])

describe('bench: figures', () => {
  it('need measurements that there are, and have names of their own', () => {
    const ids = measurements.map(({ id }) => id)
    for (const { needs } of figures) for (const need of needs) assert.ok(ids.includes(need), need)
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(new Set(figures.map(({ id }) => id)).size, figures.length)
  })

  it('take the median of what they are in each round, not of their parts', () => {
    const rounds = [round(100, 200), round(300, 1000), round(90, 100)]
    assert.equal(figureOf(figure('greet-20'), rounds, 'belljar'), 0.5)
  })

  it('are absent where something for them is', () => {
    assert.equal(figureOf(figure('greet-20'), [round(1, 2)], 'k6'), undefined)
    assert.equal(figureOf(figure('feed-20'), [round(1, 2)], 'belljar'), undefined)
    assert.equal(figureOf(figure('greet-20'), [round(1, 0)], 'belljar'), undefined)
  })

  it('share memory among the VUs that were added', () => {
    const mb = 1024 * 1024
    const crowd: Round = new Map([
      ['greet-1', { belljar: { rssBytes: 100 * mb } }],
      ['greet-1000', { belljar: { rssBytes: 1099 * mb } }],
    ])
    assert.equal(figureOf(figure('vu-memory'), [crowd], 'belljar'), 1)
  })
})

describe('bench: medians', () => {
  it('are the middle one, or between two', () => {
    assert.equal(median([3, 1, 2]), 2)
    assert.equal(median([4, 1, 2, 3]), 2.5)
    assert.equal(median([]), undefined)
  })

  it('are taken of each value, and errors are summed', () => {
    const middle = middleOf([
      { cpuMicros: 1, errors: 1 },
      { cpuMicros: 3, errors: 2 },
      { cpuMicros: 2, rssBytes: 5 },
    ])
    assert.deepEqual(middle, { cpuMicros: 2, errors: 3, rssBytes: 5 })
  })
})

describe('bench: the report', () => {
  it('shows figures that were made, beside their goals', () => {
    const text = figuresTable([round(100, 200), round(60, 200)])
    assert.match(text, /^\| CPU of a whole unary .* \| +≤ 0\.33 \| +0\.4 \| +0\.3 to 0\.5 \| +\(0\.53\) \|$/m)
    assert.equal(text.split('\n').length, 3)
  })

  it('fails for errors and growing memory of belljar, not for speed', () => {
    const wanted = measurements.filter(({ id }) => id.startsWith('greet-'))
    assert.deepEqual(failures([round(1e9, 1)], wanted), [])
    assert.deepEqual(failures([round(1, 1, 2), round(1, 1, 1)], wanted), ['greet-20 belljar: 3 errors'])
    const grown = (growth: number): Round => new Map([['greet-200', { belljar: { growth }, 'grpc-js': { growth: 9 } }]])
    assert.deepEqual(failures([grown(1.05), grown(1.3), grown(1)], wanted), [])
    assert.match(failures([grown(1.2)], wanted).join(), /^greet-200 belljar: memory grew to 1\.200 times/)
  })

  it('names those who were still warming up', () => {
    const drifts = (belljar: number, grpcJs: number): Round =>
      new Map([['greet-20', { belljar: { drift: belljar }, 'grpc-js': { drift: grpcJs } }]])
    assert.deepEqual(unsteady([drifts(0.95, 1.1)], measurements), [])
    assert.match(unsteady([drifts(0.5, 1), drifts(0.6, 1)], measurements).join(), /^greet-20 belljar .* took 0\.55 of/)
  })

  it('is the same as data', () => {
    const data = JSON.parse(JSON.stringify(reportData([round(1, 4)], measurements.slice(0, 1), { node: 'v20' }, [])))
    assert.deepEqual(data.figures[0], {
      id: 'greet-20',
      title: figure('greet-20').title,
      unit: 'x',
      goal: 0.33,
      belljar: 0.25,
      rounds: [0.25],
    })
    assert.deepEqual(data.measurements[0].contestants['grpc-js'].median, { cpuMicros: 4, errors: 0 })
    assert.deepEqual(data.failures, [])
  })

  it('has a line in docs/performance.md for every figure that has a goal', () => {
    const page = readFileSync(join(packageRoot, 'docs/performance.md'), 'utf8')
    for (const { title, goal } of figures) if (goal !== undefined) assert.ok(page.includes(title), title)
  })
})

describe('bench: tables', () => {
  it('line up, and keep bars of cells apart', () => {
    const lines = markdownTable(['what', 'n'], [['a|b', '10']]).split('\n')
    assert.deepEqual(lines, ['| what |    n |', '| ---- | ---: |', '| a\\|b |   10 |'])
  })

  it('show three digits', () => {
    assert.deepEqual([0.3333, 12.345, 1234.5, 0, undefined].map(shortNumber), ['0.333', '12.3', '1,235', '0', '–'])
  })
})

describe('bench: options', () => {
  it('select measurements by their name or that of a figure, with the yardsticks of these', () => {
    const ids = (pattern: RegExp) => selectMeasurements(pattern).map(({ id }) => id)
    assert.deepEqual(ids(/^feed/), ['greet-20', 'feed-20'])
    assert.deepEqual(ids(/^vu-memory/), ['greet-1', 'greet-1000'])
    assert.equal(ids(/(?:)/).length, measurements.length)
  })

  it('are short and once with --quick, and say what is wrong with them', () => {
    const { rounds, warmUpMs, measureMs } = readBenchOptions(['--quick', '--seconds', '4'])!
    assert.deepEqual([rounds, warmUpMs, measureMs], [1, 2000, 4000])
    assert.deepEqual(readBenchOptions(['--grpc-transport', 'grpc-js'])!.belljarFlags, ['--grpc-transport', 'grpc-js'])
    assert.throws(() => readBenchOptions(['--rounds', 'many']), /--rounds is "many", it must be a number above 0/)
    assert.throws(
      () => readBenchOptions(['--only', 'nothing-like-it']),
      /no measurement matches --only nothing-like-it/,
    )
    assert.throws(() => readBenchOptions(['--fast']), /--fast/)
    assert.equal(readBenchOptions(['--help']), undefined)
  })
})

import assert from 'node:assert/strict'
import { executorColumns, waitingColumns } from '../../report/executor-columns.js'
import { ProgressPrinter, type ProgressState, progressFrame, type RunProgress } from '../../report/progress.js'

const run: RunProgress = {
  isPaused: false,
  elapsedMs: 1000,
  maxDurationMs: 33_000,
  activeVus: 3,
  initializedVus: 3,
  maxVus: 3,
  completeIterations: 0,
  interruptedIterations: 0,
}
const looping = executorColumns({ executor: 'constant-vus', vus: 3, elapsedMs: 950, durationMs: 3000 })
const plain = { isTty: false, hasColor: false, columns: 80 }
const terminal = { isTty: true, hasColor: false, columns: 80 }

function stateOf(changes: Partial<ProgressState> = {}): ProgressState {
  return { head: run, scenarios: [{ name: 'default', status: 'running', ...looping }], ...changes }
}

describe('progressFrame', () => {
  it('is a few plain lines where there is no terminal', () => {
    assert.equal(
      progressFrame(stateOf(), plain, true),
      `
running (01.0s), 3/3 VUs, 0 complete and 0 interrupted iterations
default   [  32% ] 3 VUs  1.0s/3s
`,
    )
  })

  it('marks how scenarios ended, and aligns names and columns', () => {
    const shared = executorColumns({
      executor: 'shared-iterations',
      vus: 2,
      elapsedMs: 400,
      durationMs: 600_000,
      doneIterations: 6,
      iterations: 6,
    })
    const state = stateOf({
      scenarios: [
        { name: 'a', status: 'done', ...shared },
        { name: 'longer', status: 'interrupted', ...looping },
        { name: 'b', status: 'waiting', ...waitingColumns(700, 5000) },
        { name: 'c', status: 'stopping', ...looping },
      ],
    })
    const lines = progressFrame(state, plain, false).split('\n').slice(2, -1)
    assert.deepEqual(
      lines.map((line) => line.trimEnd()),
      [
        'a      ✓ [ 100% ] 2 VUs    00m00.4s/10m0s  6/6 shared iters',
        'longer ✗ [  32% ] 3 VUs    1.0s/3s',
        'b      • [   0% ] waiting  0.7s',
        'c      ↓ [  32% ] 3 VUs    1.0s/3s',
      ],
    )
  })

  it('draws bars on a terminal and goes back to its first line', () => {
    assert.equal(
      progressFrame(stateOf(), terminal, true),
      '\u001b[K\n' +
        'running (01.0s), 3/3 VUs, 0 complete and 0 interrupted iterations\u001b[K\n' +
        `default   [${'='.repeat(11)}>${'-'.repeat(26)}] 3 VUs  1.0s/3s\u001b[K\n` +
        '\r\u001b[J\u001b[3A',
    )
    assert.ok(progressFrame(stateOf(), terminal, false).endsWith('1.0s/3s\u001b[K\n'))
  })

  it('shrinks bars to fit, down to a percentage, and counts lines that wrap', () => {
    const line = (columns: number) => progressFrame(stateOf(), { ...terminal, columns }, true)
    assert.match(line(50), /default {3}\[=+>-+\] 3 VUs {2}1.0s\/3s\u001b/)
    assert.equal(line(50).split('\n')[2]?.replace('\u001b[K', '').length, 49)
    assert.match(line(30), /default {3}\[ {2}32% \] 3 VUs/)
    assert.ok(line(30).endsWith('\u001b[6A'))
  })

  it('leaves no blanks at the end of a line of a terminal, where they would wrap', () => {
    const timed = executorColumns({ executor: 'constant-vus', vus: 3, elapsedMs: 3000, durationMs: 3000 })
    const counted = executorColumns({
      executor: 'per-vu-iterations',
      vus: 2,
      elapsedMs: 0,
      durationMs: 600_000,
      doneIterations: 0,
      iterationsPerVu: 2,
    })
    const state = stateOf({
      scenarios: [
        { name: 'a', status: 'running', ...timed },
        { name: 'b', status: 'running', ...counted },
      ],
    })
    assert.doesNotMatch(progressFrame(state, terminal, false), / \u001b\[K/)
    assert.match(progressFrame(state, plain, false), /3\.0s\/3s {8,}\n/)
  })

  it('shows what happens before the scenarios', () => {
    const head = { name: 'Init', share: 0.5, right: ['1/2 VUs initialized'] } as const
    assert.equal(progressFrame({ head, scenarios: [] }, plain, false), '\nInit   [  50% ] 1/2 VUs initialized\n')
  })

  it('shortens long names and cleans them', () => {
    const state = stateOf({ scenarios: [{ name: '\u001b'.padEnd(40, 'x'), status: 'running', ...looping }] })
    assert.match(progressFrame(state, plain, false), /\n\\u001bx{21}\.\.\. {3}\[/)
  })

  it('colours marks and the empty part of a bar', () => {
    const state = stateOf({ scenarios: [{ name: 'a', status: 'done', ...looping }] })
    const frame = progressFrame(state, { ...terminal, hasColor: true }, false)
    assert.match(frame, /a {4}\u001b\[32m✓\u001b\[0m \[=+>\u001b\[2m-+\u001b\[0m\]/)
  })
})

describe('ProgressPrinter', () => {
  it('writes other text above the frame of a terminal, until the last frame', () => {
    let text = ''
    const stream = { write: (part: string) => (text += part) }
    const printer = new ProgressPrinter(stream, () => terminal)
    printer.writeAbove(stream, 'early\n')
    printer.draw(stateOf())
    const frame = progressFrame(stateOf(), terminal, true)
    printer.writeAbove(stream, 'log\n')
    printer.finish(stateOf())
    printer.writeAbove(stream, 'late\n')
    assert.equal(text, `early\n${frame}log\u001b[0K\n${frame}${progressFrame(stateOf(), terminal, false)}late\n`)
  })

  it('takes its frame off a terminal, once, and leaves other places alone', () => {
    const written = (screen: typeof terminal | typeof plain) => {
      let text = ''
      const printer = new ProgressPrinter({ write: (part) => (text += part) }, () => screen)
      printer.clear()
      printer.draw(stateOf())
      const drawn = text.length
      printer.clear()
      printer.clear()
      return text.slice(drawn)
    }
    assert.equal(written(terminal), '\r\u001b[J')
    assert.equal(written(plain), '')
  })
})

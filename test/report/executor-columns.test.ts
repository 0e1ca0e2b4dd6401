import assert from 'node:assert/strict'
import { type ExecutorProgress, executorColumns } from '../../report/executor-columns.js'

describe('executorColumns', () => {
  const time = { elapsedMs: 12_340, durationMs: 60_000 }
  const rate = { iterationsPerSecond: 3.1362, maxIterationsPerSecond: 20, activeVus: 5, maxVus: 10 }
  const expected: [ExecutorProgress, number, string[]][] = [
    [{ executor: 'constant-vus', vus: 3, ...time }, 0.20566, ['3 VUs', '0m12.3s/1m0s']],
    [{ executor: 'constant-vus', vus: 3, elapsedMs: 60_001, durationMs: 60_000 }, 1, ['3 VUs', '1m0s']],
    [
      { executor: 'shared-iterations', vus: 2, doneIterations: 6, iterations: 100, ...time },
      0.06,
      ['2 VUs', '0m12.3s/1m0s', '006/100 shared iters'],
    ],
    [
      { executor: 'per-vu-iterations', vus: 2, doneIterations: 5, iterationsPerVu: 10, ...time },
      0.25,
      ['2 VUs', '0m12.3s/1m0s', '05/20 iters, 10 per VU'],
    ],
    [{ executor: 'ramping-vus', activeVus: 4, maxVus: 10, ...time }, 0.20566, ['04/10 VUs', '0m12.3s/1m00.0s']],
    [
      { executor: 'constant-arrival-rate', runningVus: 2, ...rate, ...time },
      0.20566,
      ['02/05 VUs', '0m12.3s/1m0s', '03.14 iters/s'],
    ],
  ]
  for (const [progress, share, right] of expected) {
    it(`shows ${right.join(', ')} for ${progress.executor}`, () => {
      const columns = executorColumns(progress)
      assert.equal(Number(columns.share.toFixed(4)), Number(share.toFixed(4)))
      assert.deepEqual(columns.right, right)
    })
  }
})

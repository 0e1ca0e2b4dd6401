import assert from 'node:assert/strict'
import { Losses } from '../../engine/losses.js'

describe('Losses', () => {
  const stopped = (vu: number | undefined) => ({ vu, code: 'LIMIT_CPU' as const, reason: 'too long' })

  it('leaves a VU out that had its thread ended twice, and goes on with the others', () => {
    const losses = new Losses(3)
    assert.equal(losses.threadLost(stopped(1)), 'goesOn')
    assert.equal(losses.threadLost(stopped(2)), 'goesOn')
    assert.equal(losses.threadLost(stopped(1)), 'retired')
    assert.deepEqual([...losses.retired], [1])
    assert.deepEqual(
      [...losses.vms],
      [
        [1, 2],
        [2, 1],
      ],
    )
    assert.equal(losses.stopped.length, 3)
  })

  it('ends the run when a VU has lost all VMs that it may, however they were lost', () => {
    const losses = new Losses(3)
    losses.vmLost({ ...stopped(1), vu: 1 })
    losses.vmLost({ ...stopped(1), vu: 1 })
    assert.equal(losses.threadLost(stopped(1)), 'runEnds')
  })

  it('ends the run after so many threads for which nobody is to blame, and not for stages', () => {
    const losses = new Losses(3)
    const verdicts = [undefined, undefined, 0, 0, 0, undefined].map((vu) => losses.threadLost(stopped(vu)))
    assert.deepEqual(verdicts, ['goesOn', 'goesOn', 'goesOn', 'goesOn', 'goesOn', 'runEnds'])
  })
})

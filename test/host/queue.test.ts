import assert from 'node:assert/strict'
import fc from 'fast-check'
import { Queue } from '../../host/queue.js'

describe('Queue', () => {
  it('gives what an array gives, whatever comes and goes', () => {
    const step = fc.oneof(
      fc.nat().map((value) => ({ value })),
      fc.constant('shift' as const),
      fc.constant('clear' as const),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue = new Queue<number>()
        const expected: number[] = []
        for (const one of steps) {
          if (one === 'shift') assert.equal(queue.shift(), expected.shift())
          else if (one === 'clear') {
            queue.clear()
            expected.length = 0
          } else {
            queue.push(one.value)
            expected.push(one.value)
          }
          assert.equal(queue.length, expected.length)
        }
      }),
    )
  })
})

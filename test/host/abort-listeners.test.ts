import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { onAbort } from '../../host/abort-listeners.js'
import { uncaughtDuring } from '../support/uncaught.js'

describe('onAbort', () => {
  it('tells everybody once, but those who went, with one listener of the signal', () => {
    const abort = new AbortController()
    const told: string[] = []
    const seats = ['a', 'b', 'c'].map((name) => onAbort(abort.signal, { onAbort: () => void told.push(name) }))
    assert.equal(getEventListeners(abort.signal, 'abort').length, 1)
    seats[1]?.leave()
    abort.abort()
    assert.deepEqual(told, ['a', 'c'])
    for (const seat of seats) seat.leave()
  })

  it('tells nobody whom one before has taken away', () => {
    const abort = new AbortController()
    const told: string[] = []
    onAbort(abort.signal, { onAbort: () => last.leave() })
    const last = onAbort(abort.signal, { onAbort: () => void told.push('last') })
    abort.abort()
    assert.deepEqual(told, [])
  })

  it('tells the others when one throws', async () => {
    const abort = new AbortController()
    const told: string[] = []
    const oops = new Error('oops')
    const thrower = {
      onAbort() {
        throw oops
      },
    }
    onAbort(abort.signal, thrower)
    onAbort(abort.signal, { onAbort: () => void told.push('another') })
    const uncaught = await uncaughtDuring(async () => {
      abort.abort()
      await new Promise((resolve) => setImmediate(resolve))
    })
    assert.deepEqual([told, uncaught], [['another'], [oops]])
  })
})

import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { offAbort, onAbort } from '../../host/abort-listeners.js'
import { uncaughtDuring } from '../support/uncaught.js'

describe('onAbort', () => {
  it('tells everybody once, but those who went, with one listener of the signal', () => {
    const abort = new AbortController()
    const told: string[] = []
    const named = (name: string) => ({ onAbort: () => void told.push(name) })
    const [a, b, c] = [named('a'), named('b'), named('c')]
    for (const one of [a, b, c]) onAbort(abort.signal, one)
    assert.equal(getEventListeners(abort.signal, 'abort').length, 1)
    offAbort(abort.signal, b)
    offAbort(new AbortController().signal, c)
    abort.abort()
    assert.deepEqual(told, ['a', 'c'])
  })

  it('tells nobody whom one before has taken away', () => {
    const abort = new AbortController()
    const told: string[] = []
    const last = { onAbort: () => void told.push('last') }
    onAbort(abort.signal, { onAbort: () => offAbort(abort.signal, last) })
    onAbort(abort.signal, last)
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

import assert from 'node:assert/strict'
import { getEventListeners, once } from 'node:events'
import { DialDeadline } from '../../../host/net/dial-deadline.js'

describe('DialDeadline', () => {
  it('is over at once without any time, or when somebody has given up', () => {
    const gone = AbortSignal.abort()
    for (const deadline of [new DialDeadline(0), new DialDeadline(-1), new DialDeadline(1000, gone)]) {
      assert.equal(deadline.signal.aborted, true)
    }
    assert.match(new DialDeadline(0).error('why').message, /^context deadline exceeded: why$/)
    assert.match(new DialDeadline(1000, gone).error().message, /^context canceled$/)
  })

  it('ends with the time, or with the first who gives up', async () => {
    const timed = new DialDeadline(1)
    await once(timed.signal, 'abort')
    const [a, b] = [new AbortController(), new AbortController()]
    const given = new DialDeadline(Number.POSITIVE_INFINITY, a.signal, b.signal)
    assert.equal(given.signal.aborted, false)
    b.abort()
    assert.equal(given.signal.aborted, true)
    given.clear()
  })

  it('leaves no trace on a signal that outlives it', () => {
    const { signal } = new AbortController()
    for (let i = 0; i < 10; i++) new DialDeadline(1000, signal).clear()
    assert.deepEqual(getEventListeners(signal, 'abort'), [])
    // Where Node.js notes which signals depend on this one.
    const members = Object.getOwnPropertySymbols(signal).map((key) => Reflect.get(signal, key) as unknown)
    for (const member of members) if (member instanceof Set || member instanceof Map) assert.equal(member.size, 0)
  })
})

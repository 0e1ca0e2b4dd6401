import assert from 'node:assert/strict'
import { Sessions } from '../../../examples/server/sessions.js'

describe('examples: sessions', () => {
  it('knows whose token it is until the hour is over', () => {
    let nowMs = 1_000
    const sessions = new Sessions(() => nowMs)
    const session = sessions.open('carol', 'ledger')
    assert.equal(session?.expiresAtMs, 3_601_000)
    nowMs = 3_600_999
    assert.deepEqual(sessions.userOf(session.token), { name: 'carol', role: 'clerk' })
    nowMs = 3_601_000
    assert.equal(sessions.userOf(session.token), undefined)
  })

  it('forgets the oldest of more than ten thousand sessions', () => {
    const sessions = new Sessions()
    const [first, second] = [sessions.open('bob', 'builder'), sessions.open('bob', 'builder')]
    for (let n = 2; n < 10_001; n++) sessions.open('alice', 'wonderland')
    assert.equal(sessions.userOf(first!.token), undefined)
    assert.equal(sessions.userOf(second!.token)?.name, 'bob')
  })
})

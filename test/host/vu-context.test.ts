import assert from 'node:assert/strict'
import type { Connection } from '../../host/grpc/transport.js'
import { type ThreadServices, VuContext } from '../../host/vu-context.js'
import { TagSet } from '../../metrics/tag-set.js'
import { trustedLimits } from '../../policy/limits.js'
import { TaskQueue } from '../../runtime/event-loop.js'
import { bareProtocols } from '../support/bare-services.js'

describe('VuContext', () => {
  const context = () => new VuContext(1, {} as ThreadServices, new TaskQueue(), bareProtocols(trustedLimits))

  it('knows the tag sets of its own VU only', () => {
    const vu = context()
    const id = vu.addTagSet(TagSet.empty)
    assert.equal(vu.tagSet(id), TagSet.empty)
    for (const odd of [id + 1, -1, 0.5, NaN, '0', undefined, null]) {
      assert.throws(() => vu.tagSet(odd), { name: 'GuestError', message: 'unknown tag set' })
    }
  })

  it('keeps a limited number of tag sets', () => {
    const vu = context()
    for (let i = 0; i < 1000; i++) vu.addTagSet(TagSet.empty)
    assert.throws(() => vu.addTagSet(TagSet.empty), { message: /1000 different sets of tags/ })
  })

  it('gives each iteration a signal that has not fired', () => {
    const vu = context()
    const { signal } = vu.abort
    vu.renew()
    assert.equal(vu.abort.signal, signal)
    vu.abort.abort()
    vu.renew()
    assert.equal(vu.abort.signal.aborted, false)
  })

  it('ends a sleep when waiting is ended, and begins none until it is renewed', async () => {
    const vu = context()
    const asleep = vu.sleep(3_600_000)
    vu.endWaits()
    await asleep
    await vu.sleep(3_600_000)
    vu.renew()
    const again = vu.sleep(3_600_000)
    vu.endWaits()
    await again
  })

  it('makes no connection of a VU that is closed, whatever it is asked for first', async () => {
    const vu = context()
    vu.close()
    let isClosed = false
    const connection = { close: () => (isClosed = true) } as unknown as Connection
    vu.grpc.adopt(connection, false)
    assert.equal(isClosed, true)
    assert.equal(vu.openConnections, 0)
  })
})

import assert from 'node:assert/strict'
import { httpOptionsOf } from '../../engine/http-options.js'
import { consolidateOptions } from '../../engine/options/consolidate.js'
import { parseOptions } from '../../engine/options/options.js'
import { SharedCounters } from '../../engine/shared-counters.js'

const of = (options: object, counters = new SharedCounters()) =>
  httpOptionsOf(consolidateOptions({ script: parseOptions(options, 'script').options }, () => true).options, counters)

describe('options of HTTP', () => {
  it('have the defaults of k6', () => {
    const { batch, batchPerHost, maxRedirects, userAgent, throws, nextSlotMs } = of({})
    assert.deepEqual([batch, batchPerHost, maxRedirects, throws, nextSlotMs], [20, 6, undefined, false, undefined])
    assert.match(userAgent, /^belljar\/\d/)
  })

  it('are those of the script', () => {
    const said = of({
      ...{ batch: 3, batchPerHost: 2, maxRedirects: 0, userAgent: 'mine', throw: true, httpDebug: 'full' },
      ...{ noConnectionReuse: true, noVUConnectionReuse: true, noCookiesReset: true, discardResponseBodies: true },
      insecureSkipTLSVerify: true,
      tlsVersion: 'tls1.2',
    })
    assert.deepEqual(said, {
      ...{ batch: 3, batchPerHost: 2, maxRedirects: 0, userAgent: 'mine', throws: true, httpDebug: 'full' },
      ...{ noConnectionReuse: true, noVuConnectionReuse: true, noCookiesReset: true, discardsBodies: true },
      tls: { insecureSkipVerify: true, minVersion: 'tls1.2', maxVersion: 'tls1.2' },
    })
  })

  it('hand out slots at the pace of rps, to all threads together', () => {
    const counters = new SharedCounters()
    const first = of({ rps: 10 }, counters).nextSlotMs!
    const second = of({ rps: 10 }, new SharedCounters(counters.buffer)).nextSlotMs!
    const slots = [first(), second(), first()]
    const gaps = [slots[1]! - slots[0]!, slots[2]! - slots[1]!]
    assert.deepEqual(gaps.map(Math.round), [100, 100])
  })
})

describe('SharedCounters.nextSlot', () => {
  it('loses slots that nobody took, and spaces those that are wanted at once', () => {
    const counters = new SharedCounters()
    assert.deepEqual(
      [
        counters.nextSlot(1000, 10),
        counters.nextSlot(1000, 10),
        counters.nextSlot(2000, 10),
        counters.nextSlot(2001, 10),
      ],
      [1000, 1010, 2000, 2010],
    )
  })
})

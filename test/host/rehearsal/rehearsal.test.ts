import assert from 'node:assert/strict'
import { type Finding, type Place, placeOf } from '../../../host/rehearsal/finding.js'
import { Rehearsal, rehearsedDelayMs } from '../../../host/rehearsal/rehearsal.js'

const frames = '\tat check (file:///a b/script.js:12:34)\n\tat default (file:///a b/script.js:1:2)\n'

describe('Rehearsal', () => {
  let found: Finding[]
  let rehearsal: Rehearsal
  beforeEach(() => {
    found = []
    rehearsal = new Rehearsal((finding) => found.push(finding))
  })

  it('tells where something happened, and once', () => {
    rehearsal.during = 'setup()'
    rehearsal.find('error', 'oh', frames, { hint: 'try' })
    rehearsal.find('error', 'oh', frames, { hint: 'try' })
    const place = { file: 'file:///a b/script.js', line: 12, column: 34 }
    assert.deepEqual(found, [{ severity: 'error', text: 'oh', hint: 'try', place, during: 'setup()' }])
  })

  it("tells places of the user's files, where the engine told others", () => {
    const original = (place: Place) => ({ ...place, line: place.line + 100 })
    rehearsal = new Rehearsal((finding) => found.push(finding), original)
    rehearsal.find('error', 'from a guest half', frames)
    rehearsal.threw({ text: 'from a VM, which has done so', frames, isFromPromise: false })
    assert.deepEqual(
      found.map(({ place }) => place?.line),
      [112, 12],
    )
  })

  it('keeps what it tells within bounds', () => {
    for (let i = 0; i < 2000; i++) rehearsal.find('error', `${i}${'x'.repeat(10_000)}`, '')
    assert.equal(found.length, 1000)
    assert.ok(found.every(({ text }) => text.length < 5000))
  })

  it('takes the error of fail() for what it is, and the next one for an error', () => {
    rehearsal.gaveUp('fail()', 'no token', frames)
    rehearsal.threw({ text: 'GoError: no token', frames, isFromPromise: false })
    rehearsal.threw({ text: 'GoError: no token', frames, isFromPromise: true })
    assert.deepEqual(
      found.map(({ severity, text }) => `${severity} ${text}`),
      ['warning fail() was called: no token', 'error Uncaught (in promise) GoError: no token'],
    )
  })

  it('warns of what throws after a call that could not be answered, in the same part', () => {
    const thrown = { text: 'TypeError: no body', frames, isFromPromise: false }
    rehearsal.during = 'setup()'
    rehearsal.leftOut('shop.test:443')
    rehearsal.threw(thrown)
    rehearsal.during = 'teardown()'
    rehearsal.threw({ ...thrown, text: 'TypeError: nothing' })
    assert.deepEqual(
      found.map(({ severity, text }) => `${severity} ${text}`),
      [
        'notice shop.test:443 was not called: a check reaches no network',
        'warning TypeError: no body',
        'error TypeError: nothing',
      ],
    )
  })

  it('finds no place in texts that have none', () => {
    for (const text of ['', 'file://', '\tat x (native)\n', `file:///a:${'9'.repeat(20)}:1\n`]) {
      assert.equal(placeOf(text), undefined, text)
    }
  })

  it('lets timers fire soon, and in their order', () => {
    const delays = [0, 1, 10, 100, 1000, 60_000, Number.MAX_VALUE].map(rehearsedDelayMs)
    assert.deepEqual(
      delays,
      [...delays].sort((a, b) => a - b),
    )
    assert.ok(delays[4]! > delays[2]!)
    assert.ok(delays.every((ms) => ms >= 0 && ms <= 100))
  })
})

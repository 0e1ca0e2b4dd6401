import assert from 'node:assert/strict'
import fc from 'fast-check'
import { childFrame, childParts, FrameError, FrameReader, frameOf } from '../../../engine/isolation/frames.js'

const read = (bytes: Uint8Array, cuts: readonly number[], most = 1000): Buffer[] => {
  const found: Buffer[] = []
  const reader = new FrameReader(most, (body) => found.push(body))
  let from = 0
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    reader.push(bytes.subarray(from, Math.max(from, cut)))
    from = Math.max(from, cut)
  }
  reader.push(bytes.subarray(from))
  return found
}

describe('frames', () => {
  it('come out as they went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.array(fc.nat(2000)), (bodies, cuts) => {
        const found = read(Buffer.concat(bodies.map((body) => frameOf(body))), cuts)
        assert.deepEqual(
          found.map((body) => [...body]),
          bodies.map((body) => [...body]),
        )
      }),
    )
  })

  it('are refused when they are too large, by what they promise', () => {
    assert.throws(() => read(frameOf(new Uint8Array(1001)).subarray(0, 4), []), FrameError)
    assert.equal(read(frameOf(new Uint8Array(1000)), []).length, 1)
  })

  it('have JSON and a binary part', () => {
    const [body] = read(childFrame({ a: '\u2028é' }, Buffer.from([1, 2])), [])
    assert.deepEqual(childParts(body!, 100), { json: { a: '\u2028é' }, binary: Buffer.from([1, 2]) })
    assert.throws(() => childParts(body!, 5), FrameError)
  })

  it('never are anything but JSON or an error of theirs', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        try {
          childParts(Buffer.from(bytes), 20)
        } catch (e) {
          assert.ok(e instanceof FrameError)
        }
      }),
    )
  })
})

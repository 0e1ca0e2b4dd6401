import assert from 'node:assert/strict'
import fc from 'fast-check'
import { endingOfReset, endingOfTrailers, isGrpcContentType, statusName } from '../../../host/grpc/status.js'

describe('statusName', () => {
  it("is Go's", () => assert.deepEqual([0, 5, 99].map(statusName), ['OK', 'NotFound', 'Code(99)']))
})

describe('isGrpcContentType', () => {
  it('takes subtypes and parameters, not longer words', () => {
    for (const type of ['application/grpc', 'application/grpc+proto', 'application/grpc;x=y']) {
      assert.ok(isGrpcContentType(type), type)
    }
    for (const type of ['application/grpcx', 'application/grpc-web', 'text/html', '']) {
      assert.equal(isGrpcContentType(type), false, type)
    }
  })
})

describe('endingOfReset', () => {
  it('has status 2 for a code that nobody knows', () => {
    assert.deepEqual(endingOfReset(99), {
      status: 2,
      message: 'stream terminated by RST_STREAM with error code: unknown error code 0x63',
    })
  })
})

describe('endingOfTrailers', () => {
  it('has status 2 without a status', () => {
    assert.deepEqual(endingOfTrailers(undefined, '', []), { status: 2, message: '' })
  })

  it('refuses a status out of range', () => {
    assert.match(endingOfTrailers('99999999999', '', []).message, /value out of range$/)
  })

  it('ignores details that come twice or cannot be read', () => {
    const details = Buffer.from('0805', 'hex')
    assert.equal(endingOfTrailers('5', 'x', [details, details]).details, undefined)
    assert.deepEqual(endingOfTrailers('5', 'x', [Buffer.from('0aff', 'hex')]), { status: 5, message: 'x' })
  })

  it('never throws and never hangs, whatever the server sends', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.array(fc.uint8Array(), { maxLength: 2 }), (status, message, details) => {
        assert.equal(typeof endingOfTrailers(status, message, details).status, 'number')
      }),
    )
  })

  it('cuts a text without end', () => {
    assert.ok(endingOfTrailers('5', 'x'.repeat(1_000_000), []).message.length <= 65_536)
  })
})

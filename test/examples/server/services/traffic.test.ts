import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { RawClient } from '../example-server.js'
import { bytes, bytesAt, minusOne, number, numberAt } from '../wire.js'

describe('examples: traffic.TrafficService', () => {
  let client: RawClient
  before(async () => {
    client = await RawClient.ofSharedServer()
  })

  it('echoes byte for byte, unknown fields too', async () => {
    const request = Buffer.concat([bytes(2, 'body'), number(99, 7)])
    assert.deepEqual(await client.ask('/traffic.TrafficService/Echo', request), request)
  })

  it('echoes a stream in order, more than its buffers hold', async () => {
    const requests = Array.from({ length: 500 }, (_, index) => number(1, index))
    const { responses, code } = await client.call('/traffic.TrafficService/EchoStream', requests)
    assert.deepEqual(responses, requests)
    assert.equal(code, status.OK)
  })

  it('produces as many messages of the size as asked for', async () => {
    const request = Buffer.concat([number(1, 300), number(2, 10)])
    const { responses, code } = await client.call('/traffic.TrafficService/Produce', [request])
    assert.equal(code, status.OK)
    assert.deepEqual(
      responses.map((payload) => [numberAt(payload, 1), bytesAt(payload, 2)[0]?.length]),
      Array.from({ length: 300 }, (_, index) => [index, 10]),
    )
  })

  it('ends at once if nothing is to be produced', async () => {
    const { responses, code } = await client.call('/traffic.TrafficService/Produce', [Buffer.alloc(0)])
    assert.deepEqual([responses.length, code], [0, status.OK])
  })

  it('refuses to produce less than nothing or too much', async () => {
    for (const request of [minusOne(1), number(1, 10_000_001), minusOne(2), number(2, 4_000_001)]) {
      const { code, message } = await client.call('/traffic.TrafficService/Produce', [request])
      assert.equal(code, status.INVALID_ARGUMENT)
      assert.match(message, /^(count|size_bytes) is -?\d+, it must be from 0 to \d+$/)
    }
  })

  it('counts what it swallows', async () => {
    const requests = Array.from({ length: 200 }, () => bytes(2, 'ten bytes.'))
    const { responses } = await client.call('/traffic.TrafficService/Collect', requests)
    assert.deepEqual([numberAt(responses[0]!, 1), numberAt(responses[0]!, 2)], [200, 2000])
  })
})

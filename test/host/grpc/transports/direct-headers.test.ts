import assert from 'node:assert/strict'
import type { Metadata } from '../../../../host/grpc/transport.js'
import { RequestHeaders, RequestKind } from '../../../../host/grpc/transports/direct-headers.js'
import { HpackDecoder } from '../../../../host/http2/hpack-decoder.js'
import { HpackEncoder } from '../../../../host/http2/hpack-encoder.js'

describe('RequestHeaders', () => {
  const session = () => {
    const headers = new RequestHeaders('http', 'a.test:1', 'me')
    const encoder = new HpackEncoder()
    const decoder = new HpackDecoder(4096, 65_535)
    return {
      encoder,
      /** The block of one more call, and what the server reads of it. */
      send(metadata: Metadata = [], timeoutMs?: number, path = '/S/M') {
        const kind = headers.kindOf({ path, metadata })
        assert.ok(kind instanceof RequestKind)
        const block = kind.encode(encoder, timeoutMs)
        const { fields, listBytes } = decoder.decode(block)
        assert.ok(listBytes <= kind.listBytes)
        const read = Object.fromEntries(fields.flatMap((name, i) => (i % 2 ? [] : [[name, fields[i + 1]]])))
        return { block, read }
      },
    }
  }
  const own = {
    ...{ ':method': 'POST', ':scheme': 'http', ':path': '/S/M', ':authority': 'a.test:1' },
    ...{ 'content-type': 'application/grpc', 'user-agent': 'me', te: 'trailers', 'grpc-accept-encoding': 'gzip' },
  }

  it('sends the same bytes again for a call like the last one, a byte for each field', () => {
    const { send } = session()
    const all = [1, 2, 3, 4].map(() => send([['a', 'b']], 60_000))
    for (const { read } of all) assert.deepEqual(read, { ...own, 'grpc-timeout': '60000000u', a: 'b' })
    assert.equal(all[3]?.block.length, 10)
    assert.equal(send([['a', 'b']], 60_000).block, all[3]?.block)
  })

  it('tells each call’s own timeout and metadata', () => {
    const { send } = session()
    for (let i = 1; i < 50; i++) {
      const { read } = send([['id', `${i}`]], i)
      assert.deepEqual([read.id, Number.parseInt(read['grpc-timeout'] ?? '', 10)], [`${i}`, i * 1_000_000])
    }
    assert.deepEqual(send().read, own)
  })

  it('keeps what differs from call to call out of the table', () => {
    const { send, encoder } = session()
    send([['id', '0']])
    const before = encoder.tableBytes
    for (let i = 1; i < 50; i++) send([['id', `${i}`]], i)
    assert.equal(encoder.tableBytes, before)
  })

  it('notices bytes that have changed in the same metadata', () => {
    const { send } = session()
    const bytes = Buffer.from('aaa')
    const metadata: Metadata = [['id-bin', bytes]]
    assert.equal(send(metadata).read['id-bin'], 'YWFh')
    bytes.fill('b')
    assert.equal(send(metadata).read['id-bin'], 'YmJi')
  })

  it('is right after the server has changed the size of the table, and among many methods', () => {
    const { send, encoder } = session()
    for (let i = 0; i < 300; i++) {
      if (i % 50 === 20) encoder.setMaxTableBytes(i % 100 === 20 ? 0 : 4096)
      const path = `/S/M${i % 150}`
      assert.deepEqual(send([['n', `${i % 3}`]], 1000, path).read, {
        ...{ ...own, ':path': path },
        ...{ 'grpc-timeout': '1000000u', n: `${i % 3}` },
      })
    }
  })

  it('writes a user agent as bytes, whatever its letters', () => {
    const kind = new RequestHeaders('http', 'a', 'ü ☃').kindOf({ path: '/a', metadata: [] }) as RequestKind
    const { fields } = new HpackDecoder(4096, 65_535).decode(kind.encode(new HpackEncoder(), undefined))
    assert.equal(Buffer.from(fields[fields.indexOf('user-agent') + 1] ?? '', 'latin1').toString(), 'ü ☃')
  })
})

import assert from 'node:assert/strict'
import { connect, createServer, type IncomingHttpHeaders } from 'node:http2'
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer } from 'node:net'
import fc from 'fast-check'
import { FrameReader } from '../../../host/http2/frame-reader.js'
import { clientPreface, headersBytes, writeHeaders, writeSettings } from '../../../host/http2/frame-writer.js'
import { HpackDecoder } from '../../../host/http2/hpack-decoder.js'
import { HpackEncoder } from '../../../host/http2/hpack-encoder.js'
import { Http2Error } from '../../../host/http2/http2-error.js'
import * as vectors from './hpack-vectors.js'
import { silentSink } from './recording-sink.js'

const hex = (text: string) => Buffer.from(text, 'hex')
const decoder = (tableBytes = 4096, listBytes = 65_536) => new HpackDecoder(tableBytes, listBytes)

/** A literal that is added to the table, neither part as Huffman code. */
function literal(name: string, value: string): Buffer {
  return Buffer.from([0x40, name.length, ...Buffer.from(name), value.length, ...Buffer.from(value)])
}

/** Names and values of which some come again, as headers do. */
const field = fc.tuple(
  fc.oneof(fc.constantFrom(':status', ':path', 'grpc-status', 'x', 'content-type'), fc.string({ maxLength: 20 })),
  fc.oneof(
    fc.constantFrom('200', '/', '0', ''),
    fc.string({ maxLength: 300 }),
    fc.array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 }).map((codes) => String.fromCharCode(...codes)),
  ),
)
const latin1 = (text: string) => [...text].every((c) => c.charCodeAt(0) < 256)
const block = fc
  .array(field, { maxLength: 12 })
  .map((pairs) => pairs.flat())
  .filter((fields) => fields.every(latin1))

describe('HpackDecoder', () => {
  it('reads the fields of RFC 7541, C.2', () => {
    for (const vector of vectors.fields) {
      const hpack = decoder()
      assert.deepEqual(hpack.decode(hex(vector.block)).fields, vector.fields)
      assert.equal(hpack.tableBytes, vector.tableBytes)
    }
  })

  for (const [name, blocks, tableBytes] of [
    ['plainRequests', vectors.plainRequests, 4096],
    ['huffmanRequests', vectors.huffmanRequests, 4096],
    ['plainResponses', vectors.plainResponses, 256],
    ['huffmanResponses', vectors.huffmanResponses, 256],
  ] as const) {
    it(`reads the ${name} of RFC 7541, C.3 to C.6, one after the other`, () => {
      const hpack = decoder(tableBytes)
      for (const vector of blocks) {
        assert.deepEqual(hpack.decode(hex(vector.block)).fields, vector.fields)
        assert.equal(hpack.tableBytes, vector.tableBytes)
      }
    })
  }

  it('counts names, values and 32 for each field', () => {
    assert.equal(decoder().decode(hex('8288')).listBytes, ':methodGET:status200'.length + 64)
  })

  it('cuts a list that is too large, and keeps the table right', () => {
    const hpack = decoder(4096, 100)
    const first = hpack.decode(Buffer.concat([literal('a', 'b'), literal('c', 'x'.repeat(100)), literal('d', 'e')]))
    assert.deepEqual(first, { fields: ['a', 'b'], listBytes: 34 + 133 + 34, isTooLarge: true })
    assert.deepEqual(hpack.decode(hex('bec0')).fields, ['d', 'e', 'a', 'b'])
  })

  it('makes no more than its list may have of a small block that says much', () => {
    const hpack = decoder(4096, 8192)
    hpack.decode(Buffer.concat([hex('4001617fd11e'), Buffer.alloc(4048, 'x')]))
    const bomb = hpack.decode(Buffer.alloc(16_384, 0xbe))
    assert.deepEqual([bomb.fields.length, bomb.listBytes, bomb.isTooLarge], [4, 16_384 * 4081, true])
  })

  it('hands out the same strings for what the table has', () => {
    const hpack = decoder()
    hpack.decode(Buffer.concat([literal('grpc-encoding', 'identity'), literal('x', 'y')]))
    assert.equal(hpack.decode(hex('bebf')), hpack.decode(hex('bebf')))
  })

  it('forgets what a block said once the table has changed', () => {
    const hpack = decoder()
    hpack.decode(literal('a', '1'))
    assert.deepEqual(hpack.decode(hex('be')).fields, ['a', '1'])
    hpack.decode(literal('a', '2'))
    assert.deepEqual(hpack.decode(hex('be')).fields, ['a', '2'])
    hpack.decode(hex('20'))
    assert.throws(() => hpack.decode(hex('be')), Http2Error)
  })

  it('empties the table for an entry that is larger', () => {
    const hpack = decoder(64)
    hpack.decode(literal('a', '1'))
    hpack.decode(literal('b', 'x'.repeat(64)))
    assert.equal(hpack.tableBytes, 0)
    assert.throws(() => hpack.decode(hex('be')), Http2Error)
  })

  it('uses more than 4,096 bytes only once the peer says so', () => {
    const hpack = decoder(10_000)
    for (let i = 0; i < 50; i++) hpack.decode(literal(`n${i}`, 'x'.repeat(100)))
    assert.ok(hpack.tableBytes <= 4096)
    // 10,000 = 31 + 9,969
    hpack.decode(hex('3ff14d'))
    for (let i = 0; i < 200; i++) hpack.decode(literal(`n${i}`, 'x'.repeat(100)))
    assert.ok(hpack.tableBytes > 9000 && hpack.tableBytes <= 10_000)
  })

  describe('refuses with COMPRESSION_ERROR', () => {
    for (const [what, bytes] of [
      ['index 0', '80'],
      ['an index beyond the static table', 'be'],
      ['a name beyond the static table', '7f0000'],
      ['a table size above what was announced', '3fe21f'],
      ['a table size after a field', '8220'],
      ['a number that does not end', 'ff80808080'],
      ['a number of more than 28 bits', 'ff8080808001'],
      ['a number whose zeros do not end', 'ff808080808000'],
      ['the end of the block in an index', 'ff'],
      ['the end of the block before a name', '40'],
      ['the end of the block in a name', '400a6162'],
      ['the end of the block before a value', '400161'],
      ['the end of the block in a value', '4001610562'],
      ['a value with a length of its own beyond all', '4001617fffffff7f'],
      ['padding of zeros', '4001618118'],
      ['padding of eight bits', '400161821fff'],
      ['an end-of-string symbol', '40016184ffffffff'],
      ['a code that is not whole', '40016182fffe'],
    ] as const) {
      it(what, () => {
        const error = (e: unknown) => e instanceof Http2Error && e.code === 9 && e.streamId === undefined
        assert.throws(() => decoder().decode(hex(bytes)), error)
      })
    }
  })
})

describe('HpackEncoder', () => {
  it('writes numbers as RFC 7541, C.1', () => {
    const hpack = new HpackEncoder()
    hpack.setMaxTableBytes(1337)
    assert.equal(hpack.encode([]).toString('hex'), '3f9a0a')
    hpack.setMaxTableBytes(10)
    assert.equal(hpack.encode([]).toString('hex'), '2a')
  })

  it('writes requests as RFC 7541, C.4', () => {
    const hpack = new HpackEncoder()
    for (const { fields, block, tableBytes } of vectors.huffmanRequests) {
      assert.equal(hpack.encode(fields).toString('hex'), block)
      assert.equal(hpack.tableBytes, tableBytes)
    }
  })

  it('writes responses as RFC 7541, C.6, after it has told of the smaller table', () => {
    const hpack = new HpackEncoder()
    hpack.setMaxTableBytes(256)
    // 307 is not shorter as Huffman code, so it stays plain as in C.5.
    const blocks = [vectors.huffmanResponses[0]!, vectors.plainResponses[1]!, vectors.huffmanResponses[2]!]
    for (const [i, { fields, block, tableBytes }] of blocks.entries()) {
      assert.equal(hpack.encode(fields).toString('hex'), (i === 0 ? '3fe101' : '') + block)
      assert.equal(hpack.tableBytes, tableBytes)
    }
  })

  it('tells the smallest size in between, and then the present one', () => {
    const hpack = new HpackEncoder()
    for (const bytes of [100, 0, 4096]) hpack.setMaxTableBytes(bytes)
    assert.equal(hpack.encode([]).toString('hex'), '203fe11f')
    assert.equal(hpack.encode([]).toString('hex'), '')
  })

  it('uses no more than 4,096 bytes, however much the peer offers', () => {
    const hpack = new HpackEncoder()
    hpack.setMaxTableBytes(2 ** 32 - 1)
    assert.equal(hpack.encode([]).toString('hex'), '')
    for (let i = 0; i < 100; i++) hpack.encode(['name', 'x'.repeat(100) + i])
    assert.ok(hpack.tableBytes > 3900 && hpack.tableBytes <= 4096)
  })

  it('keeps out of the table what it is told to, and what does not fit', () => {
    const hpack = new HpackEncoder()
    const fields = ['grpc-timeout', '1S', 'large', 'x'.repeat(5000)]
    const blocks = [1, 2].map(() => hpack.encode(fields, (name) => name !== 'grpc-timeout'))
    assert.deepEqual(blocks[0], blocks[1])
    assert.equal(hpack.tableBytes, 0)
    assert.deepEqual(decoder().decode(blocks[0]!).fields, fields)
  })

  it('changes its generation with its table, and at no other time', () => {
    const hpack = new HpackEncoder()
    const generations = [
      () => {},
      () => hpack.encode(['x', 'y']),
      () => hpack.encode(['x', 'y', ':status', '200']),
      () => hpack.encode(['x', 'z'], () => false),
      () => hpack.setMaxTableBytes(4096),
      () => hpack.setMaxTableBytes(100),
      () => hpack.encode(['x', 'y']),
      () => hpack.encode(['x', 'y']),
    ].map((act) => {
      act()
      return hpack.generation
    })
    const changes = generations.map((generation, i) => i > 0 && generation !== generations[i - 1])
    assert.deepEqual(changes, [false, true, false, false, false, true, true, false])
  })

  it('drops its table when a block fails, so that both ends stay the same', () => {
    const [hpack, peer] = [new HpackEncoder(), decoder()]
    peer.decode(hpack.encode(['a', 'b']))
    assert.throws(() => hpack.encode(['c', 'd', 'e', '\u0100']), RangeError)
    assert.throws(() => hpack.encode(['e', '\u{1f600}']), RangeError)
    const block = hpack.encode(['c', 'd', 'a', 'b'])
    assert.deepEqual(peer.decode(block).fields, ['c', 'd', 'a', 'b'])
    assert.deepEqual(peer.decode(hpack.encode(['c', 'd'])).fields, ['c', 'd'])
  })
})

describe('encoder and decoder', () => {
  it('agree, whatever the fields and however the table changes', () => {
    const step = fc.tuple(fc.option(fc.integer({ min: 0, max: 5000 })), block, fc.integer({ min: 0, max: 15 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const [hpack, peer] = [new HpackEncoder(), decoder(4096, 1_000_000)]
        for (const [tableBytes, fields, mask] of steps) {
          if (tableBytes !== null) hpack.setMaxTableBytes(tableBytes)
          const before = hpack.generation
          const bytes = hpack.encode(fields, (name) => ((mask >> (name.length & 3)) & 1) === 0)
          const isReusable = hpack.generation === before
          for (let i = 0; i < (isReusable ? 2 : 1); i++) {
            const decoded = peer.decode(bytes)
            assert.deepEqual(decoded.fields, fields)
            assert.equal(decoded.listBytes, fields.join('').length + 16 * fields.length)
          }
          assert.equal(peer.tableBytes, hpack.tableBytes)
        }
      }),
    )
  })

  it('ends every wrong block with an Http2Error', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }), (blocks) => {
        const hpack = decoder(4096, 1000)
        try {
          for (const bytes of blocks) hpack.decode(bytes)
        } catch (e) {
          assert.ok(e instanceof Http2Error && e.code === 9, String(e))
        }
      }),
    )
  })
})

/** All that may stand in a value for Node.js, and both lengths of a code: most bytes, and few. */
const values = [
  Array.from({ length: 0x100 - 0x21 }, (_, i) => String.fromCharCode(0x21 + i))
    .join('')
    .replace('\x7f', ''),
  'e'.repeat(3000),
  'ÿ'.repeat(1000),
  '',
  'application/grpc',
]

describe('HPACK beside that of Node.js', () => {
  it('writes what Node.js reads', async () => {
    const seen: IncomingHttpHeaders[] = []
    const server = createServer()
    server.on('stream', (stream, headers) => {
      seen.push(headers)
      stream.respond({ ':status': 200 }, { endStream: true })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const socket = connectTcp((server.address() as AddressInfo).port, '127.0.0.1')
    const hpack = new HpackEncoder()
    const settings = Buffer.alloc(9)
    writeSettings(settings, 0, [])
    socket.write(Buffer.concat([clientPreface, settings]))
    const count = 3
    for (let i = 0; i < count; i++) {
      const own = values.flatMap((value, at) => [`x-${at}`, value])
      const fields = [':method', 'POST', ':scheme', 'http', ':path', '/', ':authority', 'a', ...own, 'x-i', `${i}`]
      const encoded = hpack.encode(fields)
      const frames = Buffer.alloc(headersBytes(encoded.length, 1000))
      writeHeaders(frames, 0, 1 + 2 * i, encoded, true, 1000)
      socket.write(frames)
    }
    let answers = 0
    await new Promise<void>((resolve, reject) => {
      const sink = { ...silentSink(), onHeaders: () => ++answers === count && resolve() }
      const reader = new FrameReader(sink, { maxFrameBytes: 16_384, maxHeaderBlockBytes: 16_384, maxContinuations: 8 })
      socket.on('data', (chunk) => reader.push(chunk)).on('close', () => reject(new Error('closed')))
    })
    assert.deepEqual(
      seen.map((headers) => [...values.map((_, at) => headers[`x-${at}`]), headers['x-i']]),
      Array.from({ length: count }, (_, i) => [...values, `${i}`]),
    )
    socket.removeAllListeners('close').destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  it('reads what Node.js writes', async () => {
    const hpack = decoder()
    const count = 3
    const seen: (readonly string[])[] = []
    const server = createTcpServer((socket) => {
      const sink = {
        ...silentSink(),
        onHeaders: (_: number, bytes: Buffer, start: number, end: number) => {
          seen.push(hpack.decode(bytes, start, end).fields)
          if (seen.length === count) socket.destroy()
        },
      }
      const reader = new FrameReader(sink, { maxFrameBytes: 16_384, maxHeaderBlockBytes: 65_536, maxContinuations: 8 })
      let skipped = 0
      socket.on('error', () => {})
      socket.on('data', (chunk) => {
        const from = Math.min(chunk.length, clientPreface.length - skipped)
        skipped += from
        reader.push(chunk.subarray(from))
      })
      const settings = Buffer.alloc(9)
      writeSettings(settings, 0, [])
      socket.write(settings)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    client.on('error', () => {})
    const closed = new Promise((resolve) => client.on('close', resolve))
    for (let i = 0; i < count; i++) {
      const own = Object.fromEntries(values.map((value, at) => [`x-${at}`, value]))
      client.request({ ...own, 'x-i': `${i}` }).on('error', () => {})
    }
    await closed
    for (const [i, fields] of seen.entries()) {
      const own = [...values.flatMap((value, at) => [`x-${at}`, value]), 'x-i', `${i}`]
      assert.deepEqual(fields.slice(-own.length), own)
    }
    assert.equal(seen.length, count)
    await new Promise((resolve) => server.close(resolve))
  })
})

/**
 * Servers that speak HTTP/2 well and gRPC to do harm: each call ends with an error of its own and a text of bounded length,
 * nothing is followed or unpacked beyond bounds, and a call to another server at the same time is answered.
 */
import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http2'
import { deflateSync, gzipSync } from 'node:zlib'
import { LoopbackVu } from './loopback-vu.js'
import { type Answer, frame, type ServerCall, serve, serveTcp, stopServers } from './scripted-server.js'

const proto = `syntax = "proto3"; package p;
message M { string text = 1; repeated M more = 2; }
service S { rpc Go(M) returns (M); rpc Down(M) returns (stream M); }`

/** A gigabyte of zeros as a few kilobytes for each of its parts. */
const bomb = Buffer.concat(Array<Buffer>(64).fill(gzipSync(Buffer.alloc(16 * 1024 * 1024), { level: 9 })))
const empties = (count: number) => Buffer.alloc(count * 2, Buffer.from([18, 0]))

/** Sends bytes as they are, after headers. */
const raw =
  (bytes: Buffer, headers: OutgoingHttpHeaders = {}): Answer =>
  async (call) => {
    await call.read()
    call.open(headers)
    call.stream.end(bytes)
  }
const trailers =
  (given: OutgoingHttpHeaders): Answer =>
  async (call) => {
    await call.read()
    call.send('')
    call.finish(given)
  }
const message =
  (bytes: number[]): Answer =>
  async (call) => {
    await call.read()
    call.send(Buffer.from(bytes))
    call.finish()
  }
/** An answer that is no gRPC at all. */
const page =
  (status: number, headers: OutgoingHttpHeaders, body: string): Answer =>
  async (call) => {
    await call.read()
    call.stream.respond({ ':status': status, ...headers })
    call.stream.end(body)
  }

const answers: readonly (readonly [claim: string, answer: Answer, status: number, text: RegExp])[] = [
  ['a gigabyte in gzip', raw(frame(bomb, 1), { 'grpc-encoding': 'gzip' }), 8, /after decompression larger than max/],
  ['deflate, which nobody offered', raw(frame(deflateSync('x'), 1), { 'grpc-encoding': 'deflate' }), 13, /"deflate"/],
  ['packed bytes without their encoding', raw(frame(gzipSync('x'), 1)), 13, /identity or empty encoding/],
  ['broken gzip', raw(frame(gzipSync('x').subarray(0, 12), 1), { 'grpc-encoding': 'gzip' }), 13, /failed to/],
  ['a flag that is none', raw(frame(Buffer.from('x'), 7)), 13, /unexpected payload format 7/],
  ['a length of 4 GB', raw(Buffer.from([0, 255, 255, 255, 255, 1])), 8, /4294967295 vs\. 4194304/],
  ['a message of 5 MB', raw(frame(Buffer.alloc(5 * 1024 * 1024))), 8, /5242880 vs\. 4194304/],
  ['half a message', raw(frame(Buffer.alloc(100)).subarray(0, 50)), 13, /./],
  ['half a length', raw(Buffer.from([0, 0, 0])), 13, /./],
  ['nothing', raw(Buffer.alloc(0)), 13, /./],
  ['a status that is a word', trailers({ 'grpc-status': 'abc' }), 2, /malformed grpc-status/],
  ['a status beyond all numbers', trailers({ 'grpc-status': '-999999999999' }), 2, /malformed grpc-status/],
  ['a status with a fraction', trailers({ 'grpc-status': '1.5' }), 2, /malformed grpc-status/],
  ['an empty status', trailers({ 'grpc-status': '' }), 2, /malformed grpc-status/],
  ['a text of control characters', trailers({ 'grpc-status': '5', 'grpc-message': '%1b[31m%00%0d%0a%9b' }), 5, /31m/],
  ['a text of broken escapes', trailers({ 'grpc-status': '5', 'grpc-message': '%%%zz%e' }), 5, /^%%%zz%e$/],
  ['a long text', trailers({ 'grpc-status': '5', 'grpc-message': '%41'.repeat(15_000) }), 5, /^A{15000}$/],
  ['details that are no message', trailers({ 'grpc-status': '5', 'grpc-status-details-bin': 'AAAA' }), 5, /^$/],
  ['details that are no base64', trailers({ 'grpc-status': '5', 'grpc-status-details-bin': '!' }), 13, /base64/],
  ['a page that says 404', page(404, { 'content-type': 'text/html' }, '<html>'.repeat(100_000)), 12, /404/],
  ['a page that says 200', page(200, { 'content-type': 'text/html' }, '<html>'), 2, /text\/html/],
  ['an answer without a type', page(200, {}, 'x'), 2, /missing HTTP content-type/],
  ['bytes that are no message of the method', message([255, 255, 255]), 13, /unmarshal|wire/],
  ['text that is no UTF-8', message([10, 2, 0xc3, 0x28]), 13, /UTF-8/],
]

describe('gRPC, with a server whose answers mean harm', () => {
  const vus: LoopbackVu[] = []
  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
  })

  async function connected(answer: Answer, params: [string, unknown][] = []): Promise<LoopbackVu> {
    const { address } = await serve(answer)
    const vu = new LoopbackVu(proto)
    vus.push(vu)
    await vu.connect(address, params)
    return vu
  }
  const healthy = () =>
    connected(async (call) => {
      call.send((await call.read()) ?? '')
      call.finish()
    })
  const greeting = async (vu: LoopbackVu) => JSON.parse(await vu.invoke('p.S/Go', '{"text":"hello"}')).message.text

  for (const [claim, answer, status, text] of answers) {
    it(`ends a call that is answered with ${claim}`, async () => {
      const [vu, neighbour] = [await connected(answer), await healthy()]
      const [response, told] = await Promise.all([
        vu.invoke('p.S/Go', '{}', [['timeout', 10_000]]).then(
          (json) => JSON.parse(json) as { status: number; error: { message: string } },
          (e: Error) => ({ status: 13, error: { message: e.message } }),
        ),
        greeting(neighbour),
      ])
      assert.equal(response.status, status, JSON.stringify(response).slice(0, 500))
      assert.match(response.error.message, text)
      assert.doesNotMatch(response.error.message, /node:|\.[jt]s:|ERR_|zlib|nghttp2/i)
      assert.ok(response.error.message.length <= 64 * 1024)
      assert.equal(told, 'hello')
    })
  }

  it('follows no redirect', async () => {
    let knocks = 0
    const other = await serveTcp((socket) => {
      knocks++
      socket.destroy()
    })
    const vu = await connected(page(302, { location: `http://${other.address}/` }, ''))
    assert.equal(JSON.parse(await vu.invoke('p.S/Go', '{}')).status, 2)
    assert.equal(knocks, 0)
  })

  it('takes a hundred headers, and ends a call with hundreds of them', async () => {
    let count = 100
    const vu = await connected(async (call) => {
      await call.read()
      call.open(Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-${i}`, 'y'.repeat(100)])))
      call.send('')
      call.finish()
    })
    const { status, headers } = JSON.parse(await vu.invoke('p.S/Go', '{}'))
    assert.equal(status, 0)
    assert.deepEqual(headers['x-99'], ['y'.repeat(100)])
    count = 500
    assert.equal(JSON.parse(await vu.invoke('p.S/Go', '{}')).status, 8)
  })

  it('makes no more JSON of a small reply than the limit', async () => {
    const vu = await connected(raw(frame(empties(2_000_000))))
    const result = await vu.invoke('p.S/Go', '{}').then(String, (e: Error) => e.message)
    assert.match(result, /^unable to convert response object to JSON: .*longer than the limit/)
  })

  it('ends a stream at the first message that unpacks to more than allowed', async () => {
    const vu = await connected(async (call) => {
      await call.read()
      call.open({ 'grpc-encoding': 'gzip' })
      for (let i = 0; i < 20; i++) call.stream.write(frame(bomb, 1))
      call.stream.end()
    })
    const stream = vu.openStream('p.S/Down')
    vu.call('writeStream', stream, '{}')
    const [[kind, told] = []] = await vu.drain(stream)
    assert.equal(kind, 'error')
    assert.equal((told as [string, { code: number }])[1].code, 8)
  })

  for (const [claim, message] of [
    ['of empty messages', frame(Buffer.alloc(0))],
    ['of large messages', frame(Buffer.concat([Buffer.from([10, 128, 128, 4]), Buffer.alloc(65_536, 120)]))],
  ] as const) {
    it(`answers others while a flood ${claim} is read to no end, and keeps no more of it than a few`, async () => {
      let isOver = false
      const flooding: Answer = async (call: ServerCall) => {
        await call.read()
        call.open()
        call.stream.on('close', () => {
          isOver = true
        })
        const some = Buffer.concat(Array<Buffer>(Math.max(1, Math.floor(65_536 / message.length))).fill(message))
        const pour = () => {
          while (!isOver && call.stream.write(some));
          if (!isOver) call.stream.once('drain', pour)
        }
        pour()
      }
      const [vu, neighbour] = [await connected(flooding), await healthy()]
      const stream = vu.openStream('p.S/Down')
      vu.call('writeStream', stream, '{}')
      // The script takes what comes as fast as it can.
      let taken = 0
      let goesOn = true
      const reading = (async () => {
        while (goesOn) {
          const event = await vu.next()
          assert.equal(event?.[0], 'data')
          taken++
          assert.ok(vu.context.tasks.waiting <= 64)
        }
      })()
      for (let i = 0; i < 20; i++) assert.equal(await greeting(neighbour), 'hello')
      goesOn = false
      await reading
      assert.ok(taken > 50)
      vu.call('cancelStream', stream)
    })
  }
})

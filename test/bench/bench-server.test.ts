import assert from 'node:assert/strict'
import { type ClientHttp2Session, connect, type IncomingHttpHeaders } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { download, feed, feedCount, feedMessage, feedMessageBytes, greeting } from '../../bench/server/answers.js'
import { type BenchServer, serverKinds, startBenchServer } from '../../bench/server/bench-server.js'
import { processUsage } from '../../bench/server/process-usage.js'

interface Answer {
  headers: IncomingHttpHeaders
  body: Buffer
  trailers: IncomingHttpHeaders
}

function call(session: ClientHttp2Session, parts: Buffer[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request({
      ':method': 'POST',
      ':path': '/bench.Bench/Any',
      'content-type': 'application/grpc',
    })
    const answer: Answer = { headers: {}, body: Buffer.alloc(0), trailers: {} }
    stream.on('response', (headers) => {
      answer.headers = headers
    })
    stream.on('data', (chunk: Buffer) => {
      answer.body = Buffer.concat([answer.body, chunk])
    })
    stream.on('trailers', (trailers) => {
      answer.trailers = trailers
    })
    stream.on('error', reject)
    stream.on('end', () => resolve(answer))
    for (const part of parts) stream.write(part)
    stream.end()
  })
}

for (const kind of serverKinds) {
  describe(`bench: the server, ${kind}`, () => {
    let server: BenchServer
    const sessions: ClientHttp2Session[] = []
    before(async () => {
      server = await startBenchServer(kind)
    })
    after(() => {
      for (const session of sessions) session.destroy()
      server.close()
    })

    function dial(port: 'greet' | 'download' | 'feed' | 'echo', settings = {}): ClientHttp2Session {
      const session = connect(`http://${server.addresses[port]}`, { settings })
      sessions.push(session)
      return session
    }

    function isOk({ headers, trailers }: Answer): void {
      assert.equal(headers[':status'], 200)
      assert.equal(headers['content-type'], 'application/grpc')
      assert.equal(trailers['grpc-status'], '0')
    }

    it('answers many calls at once on one connection, and counts them', async () => {
      const before = server.answered()
      const session = dial('greet')
      const answers = await Promise.all(Array.from({ length: 50 }, () => call(session, [Buffer.alloc(5)])))
      for (const answer of answers) {
        isOk(answer)
        assert.deepEqual(answer.body, greeting)
      }
      assert.equal(server.answered() - before, 50)
      assert.equal(server.activeConnections(), 1)
    })

    it('answers a client that keeps no header table', async () => {
      const session = dial('greet', { headerTableSize: 0 })
      isOk(await call(session, [Buffer.alloc(5)]))
      isOk(await call(session, [Buffer.alloc(5)]))
    })

    it('sends no more than the windows of the client allow, and the rest when they grow', async () => {
      const session = dial('download', { initialWindowSize: 1000 })
      const answers = await Promise.all([call(session, [Buffer.alloc(5)]), call(session, [Buffer.alloc(5)])])
      for (const answer of answers) {
        isOk(answer)
        assert.deepEqual(answer.body, download)
      }
    })

    it('sends as many messages as asked for, and streams that are open at once beside each other', async () => {
      const before = server.answered()
      const session = dial('feed')
      const request = Buffer.from([0, 0, 0, 0, 3, 8, 0xe8, 7])
      const answers = await Promise.all([call(session, [request]), call(session, [request])])
      for (const answer of answers) {
        isOk(answer)
        assert.deepEqual(answer.body, feed(1000))
      }
      assert.ok(Math.abs(server.answered() - before - 2000) < 0.01)
    })

    it('echoes messages', async () => {
      const answer = await call(dial('echo'), [feedMessage, feedMessage, feedMessage])
      isOk(answer)
      assert.deepEqual(answer.body, Buffer.concat([feedMessage, feedMessage, feedMessage]))
    })

    it('cuts off who does not speak HTTP/2', async () => {
      for (const bytes of [Buffer.alloc(100, 'GET / HTTP/1.1\r\n'), Buffer.alloc(100)]) {
        const [host, port] = server.addresses.greet.split(':')
        const socket = connectTcp(Number(port), host)
        socket.on('error', () => {})
        socket.resume().write(bytes)
        await new Promise((resolve) => socket.on('close', resolve))
      }
    })
  })
}

describe('bench: answers', () => {
  it('reads how many messages are asked for, within bounds', () => {
    const request = (...bytes: number[]) => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes])
    assert.equal(feedCount(request(8, 5)), 5)
    assert.equal(feedCount(request(8, 0xe8, 7)), 1000)
    assert.equal(feedCount(request(8, 0xff, 0xff, 0xff, 0xff, 0x0f)), 100_000)
    assert.equal(feedCount(request()), 0)
    assert.equal(feedCount(request(0x12, 1)), 0)
  })

  it('has messages of the size that it says', () => {
    assert.equal(feedMessage.length, 5 + feedMessageBytes)
    assert.equal(feedMessage.readUInt32BE(1), feedMessageBytes)
  })
})

describe('bench: processUsage', () => {
  it('knows the memory and time of a process, and that there is none', () => {
    const usage = processUsage(process.pid)!
    assert.ok(usage.rssBytes > 10e6 && usage.rssBytes < 10e9)
    const own = process.cpuUsage()
    assert.ok(Math.abs(usage.cpuMicros - own.user - own.system) < 1e6)
    assert.equal(processUsage(2 ** 30), undefined)
  })
})

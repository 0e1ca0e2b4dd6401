/** gRPC servers that mean harm: bombs, floods, lies about lengths and ends, and texts that are none. */
import { randomBytes } from 'node:crypto'
import type { ServerHttp2Stream } from 'node:http2'
import { deflateSync, gzipSync } from 'node:zlib'
import { frame, type ServerCall } from '../../test/host/grpc/scripted-server.js'
import type { Area, Attack } from '../attack.js'
import { count, grpcServer, pour, tcpServer } from '../servers/hostile-server.js'

const init = `import grpc from 'k6/net/grpc'
const client = new grpc.Client()
client.load(null, 'pulse.proto', 'wide.proto')
const show = (r) => console.log('ended', r.status, r.error && String(r.error.message).slice(0, 300), JSON.stringify(r.headers).length)`

const wide = `syntax = "proto3";
package wide;
message Empty {}
message Node { Node node = 1; repeated Empty many = 2; string text = 3; map<string, Node> map = 4; bytes raw = 5; }
service Wide { rpc Get(Empty) returns (Node); rpc Pour(Empty) returns (stream Node); rpc Both(stream Empty) returns (stream Node); }
`

/** Calls a method of a server that answers each call as it likes. The call must end, and the iteration too. */
const calling = (
  name: string,
  answer: (call: ServerCall, counts: Map<string, number>) => unknown,
  more: Partial<Attack> = {},
): Attack => ({
  name,
  init,
  files: { 'wide.proto': wide },
  server: () => grpcServer(answer),
  attack:
    "try { client.connect(__ENV.HOSTILE, { plaintext: true, timeout: '3s' }) } catch (e) { console.log(e.message) }\nfor (let i = 0; i < 3; i++) { try { show(client.invoke('wide.Wide/Get', {}, { timeout: '1500ms' })) } catch (e) { console.log('threw', e.message) } }\nclient.close()\nconsole.log('tried')",
  limits: { cpuMs: 4000, iterationMs: 12_000, memoryBytes: 64 * 2 ** 20 },
  ends: { says: /tried/ },
  ...more,
})

/** Reads a stream of such a server. */
const streaming = (
  name: string,
  answer: (call: ServerCall, counts: Map<string, number>) => unknown,
  more: Partial<Attack> = {},
): Attack =>
  calling(name, answer, {
    attack: `client.connect(__ENV.HOSTILE, { plaintext: true, timeout: '3s' })
      const stream = new grpc.Stream(client, 'wide.Wide/Pour', { timeout: '2s' })
      let n = 0
      stream.on('data', () => n++)
      stream.on('error', (e) => console.log('ended', n > 0, e.message))
      stream.on('end', () => console.log('end', n > 0))
      stream.write({})
      stream.end()`,
    ends: { says: /ended|end|cpuMs|iterationMs/ },
    ...more,
  })

/** A field with a length: tag and bytes. */
function field(tag: number, bytes: Buffer): Buffer {
  const head = [tag]
  let rest = bytes.length
  for (; rest > 127; rest >>>= 7) head.push((rest & 127) | 128)
  head.push(rest)
  return Buffer.concat([Buffer.from(head), bytes])
}

function nested(depth: number): Buffer {
  let message: Buffer = Buffer.alloc(0)
  for (let i = 0; i < depth; i++) message = field(10, message)
  return message
}

/** Sends messages again and again, as fast as they are taken. */
function flood(stream: ServerHttp2Stream, message: Buffer): void {
  const more = () => {
    while (!stream.destroyed && stream.write(message));
    if (!stream.destroyed) stream.once('drain', more)
  }
  more()
}

/** Sends a frame whose message is packed, or is said to be. */
function packed(call: ServerCall, bytes: Buffer, encoding: string, flag = 1): void {
  call.open({ 'grpc-encoding': encoding })
  call.stream.write(frame(bytes, flag))
  call.finish()
}

const bomb = gzipSync(Buffer.alloc(200 * 2 ** 20))
const deflated = deflateSync(Buffer.alloc(100 * 2 ** 20))
const settings = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])
const ping = Buffer.from([0, 0, 8, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
const nastyMessage = `%1b[2J%1b]0;evil%07%0d%0afake=line%00${'%c2%9b'.repeat(2000)}`

export const hostileGrpc: Area = {
  name: 'grpc',
  attacks: [
    calling('a gzip bomb', (call) => packed(call, bomb, 'gzip')),
    calling('a deflate bomb', (call) => packed(call, deflated, 'deflate')),
    calling('a gzip bomb for a client that takes everything', (call) => packed(call, bomb, 'gzip'), {
      attack:
        "client.connect(__ENV.HOSTILE, { plaintext: true, maxReceiveSize: 2 ** 31 - 1 })\nshow(client.invoke('wide.Wide/Get', {}, { timeout: '3s' }))\nconsole.log('tried')",
    }),
    calling('packed bytes in an encoding that is none', (call) =>
      packed(call, Buffer.from('x'), 'nope\u0001'.slice(0, 4)),
    ),
    calling('packed bytes without an encoding', (call) => {
      call.open()
      call.stream.write(frame(Buffer.from('x'), 1))
      call.finish()
    }),
    calling('packed bytes that are broken', (call) => packed(call, randomBytes(1000), 'gzip')),
    calling('a flag that does not exist', (call) => packed(call, Buffer.from('x'), 'gzip', 7)),
    calling('a message of 4 GB, as it says', (call) => {
      call.open()
      call.stream.write(Buffer.from([0, 255, 255, 255, 255, 1, 2]))
      call.finish()
    }),
    calling('a message of ten megabytes', (call) => {
      call.send(field(26, Buffer.alloc(10_000_000, 'x')))
      call.finish()
    }),
    calling('half a message', (call) => {
      call.open()
      call.stream.write(Buffer.from([0, 0, 0, 9, 9, 1]))
      call.finish()
    }),
    calling('no message at all', (call) => call.finish()),
    calling('two messages to a unary call', (call) => {
      call.send(Buffer.alloc(0))
      call.send(Buffer.alloc(0))
      call.finish()
    }),
    calling('messages without end to a unary call', (call) => {
      call.open()
      flood(call.stream, frame(Buffer.alloc(0)))
    }),
    calling(
      'two million empty messages in one',
      (call) => {
        call.send(Buffer.from('1200'.repeat(1_900_000), 'hex'))
        call.finish()
      },
      { ends: { says: /tried|cpuMs/ } },
    ),
    calling('four megabytes of fields that nobody knows', (call) => {
      call.send(Buffer.from('f80701'.repeat(1_200_000), 'hex'))
      call.finish()
    }),
    calling('a message nested ten thousand deep', (call) => {
      call.send(nested(10_000))
      call.finish()
    }),
    calling('groups nested without end', (call) => {
      call.send(Buffer.alloc(100_000, 0x7b))
      call.finish()
    }),
    calling('text that is no UTF-8', (call) => {
      call.send(field(26, Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80])))
      call.finish()
    }),
    calling(
      'map keys that are names of objects',
      (call) => {
        const entry = (key: string) =>
          field(34, Buffer.concat([field(10, Buffer.from(key)), field(18, field(26, Buffer.from('polluted')))]))
        call.send(Buffer.concat(['__proto__', 'constructor', 'toString'].map(entry)))
        call.finish()
      },
      {
        attack:
          "client.connect(__ENV.HOSTILE, { plaintext: true })\nclient.invoke('wide.Wide/Get', {}, { timeout: '2s' })\nconsole.log({}.text === undefined ? 'tried' : 'ESCAPED')",
        ends: { says: /tried/, neverSays: /ESCAPED/ },
      },
    ),
    calling('random bytes as a message', (call) => {
      call.send(randomBytes(50_000))
      call.finish()
    }),
    calling('a status that is no number', (call) => call.finish({ 'grpc-status': 'abc' })),
    calling('a status far below zero', (call) => call.finish({ 'grpc-status': '-999999999999' })),
    calling('a status message of control characters', (call) =>
      call.finish({ 'grpc-status': '13', 'grpc-message': nastyMessage }),
    ),
    calling('details of an error that are a bomb', (call) =>
      call.finish({
        'grpc-status': '13',
        'grpc-status-details-bin': Buffer.concat(Array(3000).fill(field(26, Buffer.alloc(2)))).toString('base64'),
      }),
    ),
    calling('five thousand headers', (call) => {
      call.open(Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`x-${i}`, 'y'])))
      call.finish()
    }),
    calling('a header of a megabyte', (call) => {
      call.open({ 'x-big': 'y'.repeat(1_000_000) })
      call.finish()
    }),
    calling('trailers of a megabyte', (call) => {
      call.send(Buffer.alloc(0))
      call.finish({ 'x-big': 'y'.repeat(1_000_000) })
    }),
    calling('headers with names of objects', (call) => {
      call.open({ __proto__: 'x', constructor: 'y', 'x-bin': '!!!', 'x-text': '\u0080\u009b' } as never)
      call.finish()
    }),
    calling('an answer in HTML', (call) => {
      call.stream.respond({ ':status': 404, 'content-type': 'text/html' })
      call.stream.end('<script>alert(1)</script>'.repeat(1000))
    }),
    calling('a redirect', (call) => {
      call.stream.respond({ ':status': 302, location: 'http://127.0.0.2:1/' }, { endStream: true })
    }),
    calling('a server that never answers', () => {}),
    calling('a server that hangs up on each call', (call) => call.stream.session?.destroy()),
    calling('a server that resets each call', (call) => call.stream.close(11)),
    calling('a byte every tenth of a second', (call) => {
      call.open()
      const timer = setInterval(
        () => (call.stream.destroyed ? clearInterval(timer) : call.stream.write(Buffer.of(0))),
        100,
      )
    }),
    streaming('an endless stream of messages', (call) => {
      call.open()
      flood(call.stream, frame(field(26, Buffer.alloc(1000, 'x'))))
    }),
    streaming('an endless stream of empty messages', (call) => {
      call.open()
      flood(call.stream, Buffer.alloc(5000))
    }),
    streaming(
      'an endless stream that nobody reads',
      (call, counts) => {
        call.open()
        const message = frame(field(26, Buffer.alloc(60_000, 'x')))
        const more = () => {
          while (!call.stream.destroyed) {
            count(counts, 'bytes', message.length)
            if (!call.stream.write(message)) break
          }
          if (!call.stream.destroyed) call.stream.once('drain', more)
        }
        more()
      },
      {
        attack: `client.connect(__ENV.HOSTILE, { plaintext: true, timeout: '3s' })
        const stream = new grpc.Stream(client, 'wide.Wide/Pour', { timeout: '3s' })
        stream.on('data', () => { const end = Date.now() + 100; while (Date.now() < end); })
        stream.on('error', (e) => console.log('ended', e.message))
        stream.write({})`,
        check: ({ server }) => {
          const bytes = server?.counts.get('bytes') ?? 0
          if (bytes > 64 * 2 ** 20) throw new Error(`${bytes} bytes were taken in`)
        },
      },
    ),
    streaming('an endless stream of packed bombs', (call) => {
      call.open({ 'grpc-encoding': 'gzip' })
      flood(call.stream, frame(gzipSync(Buffer.alloc(3_000_000)), 1))
    }),
    calling('settings and pings without end', () => {}, {
      server: () =>
        tcpServer((socket) => {
          socket.write(settings)
          pour(socket, Buffer.concat([...Array(500).fill(settings), ...Array(500).fill(ping)]))
        }),
    }),
    calling('a server that speaks no HTTP/2 and never stops', () => {}, {
      server: () => tcpServer((socket) => pour(socket, Buffer.alloc(16_384, 'x'))),
    }),
    calling('a server that takes connections and says nothing', () => {}, { server: () => tcpServer(() => {}) }),
    calling('a server that speaks HTTP/1.1', () => {}, {
      server: () => tcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n')),
    }),
  ],
}

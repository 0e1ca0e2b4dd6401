/** HTTP servers that mean harm. */

import type { Socket } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { Area, Attack } from '../attack.js'
import { httpServer, pour } from '../servers/hostile-server.js'

const ok = 'HTTP/1.1 200 OK\r\n'

const getting = (
  name: string,
  write: (socket: Socket, request: string) => void,
  more: Partial<Attack> = {},
): Attack => ({
  name,
  init: "import http from 'k6/http'",
  server: () => httpServer(write),
  attack:
    "for (let i = 0; i < 2; i++) { const r = http.get('http://' + __ENV.HOSTILE + '/', { timeout: '1500ms' }); console.log('ended', r.status, r.error, r.body && r.body.length, JSON.stringify(r.headers).length) }\nconsole.log('tried')",
  limits: { cpuMs: 4000, iterationMs: 12_000, memoryBytes: 64 * 2 ** 20, httpBodyBytes: 2 ** 20 },
  ends: { says: /tried/ },
  ...more,
})

/** Answers once and hangs up. */
const answering = (name: string, answer: string | Buffer, more: Partial<Attack> = {}) =>
  getting(name, (socket) => void socket.end(answer), more)

export const hostileHttp: Area = {
  name: 'http',
  attacks: [
    getting('headers without end', (socket) => {
      socket.write(ok)
      pour(socket, `x-flood: ${'a'.repeat(60_000)}\r\n`)
    }),
    getting(
      'a body without end',
      (socket) => {
        socket.write(`${ok}\r\n`)
        pour(socket, Buffer.alloc(65_536, 'a'))
      },
      { ends: { says: /tried/, limit: 'httpBodyBytes' } },
    ),
    getting('chunks without end', (socket) => {
      socket.write(`${ok}transfer-encoding: chunked\r\n\r\n`)
      pour(socket, '1\r\na\r\n'.repeat(5000))
    }),
    getting('interim answers without end', (socket) => pour(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(500))),
    answering(
      'a gzip bomb',
      Buffer.concat([Buffer.from(`${ok}content-encoding: gzip\r\n\r\n`), gzipSync(Buffer.alloc(200 * 2 ** 20))]),
      { ends: { says: /tried/, limit: 'httpBodyBytes' } },
    ),
    answering(
      'a bomb in three layers',
      Buffer.concat([
        Buffer.from(`${ok}content-encoding: gzip, gzip, deflate\r\n\r\n`),
        gzipSync(gzipSync(gzipSync(Buffer.alloc(100 * 2 ** 20)))),
      ]),
    ),
    answering('a length that is a lie', `${ok}content-length: 99999999999999999999\r\n\r\nx`),
    answering('two lengths', `${ok}content-length: 1\r\ncontent-length: 2\r\n\r\nab`),
    answering('a chunk of 4 GB, as it says', `${ok}transfer-encoding: chunked\r\n\r\nffffffff\r\nab`),
    answering('a status line of control characters', 'HTTP/1.1 200 \u001b[2J\u0007evil\r\ncontent-length: 0\r\n\r\n'),
    answering('an answer that is none', 'SSH-2.0-OpenSSH_9.0\r\n'.repeat(100)),
    answering(
      'a thousand cookies',
      `${ok}${Array.from({ length: 1000 }, (_, i) => `set-cookie: c${i}=${'x'.repeat(100)}; Domain=.; Path=/\r\n`).join('')}content-length: 0\r\n\r\n`,
    ),
    answering(
      'headers with names of objects',
      `${ok}__proto__: x\r\nconstructor: y\r\nset-cookie: __proto__=x\r\ncontent-length: 0\r\n\r\n`,
    ),
    answering(
      'a body that is no UTF-8',
      Buffer.concat([Buffer.from(`${ok}content-length: 6\r\n\r\n`), Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0x1b, 0x9b])]),
    ),
    getting('an answer that comes byte by byte', (socket) => {
      const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : socket.write('a')), 50)
      socket.write(ok)
    }),
    getting(
      'JSON nested without end',
      (socket) => void socket.end(`${ok}content-type: application/json\r\n\r\n${'['.repeat(200_000)}`),
      {
        attack:
          "try { http.get('http://' + __ENV.HOSTILE, { timeout: '2s' }).json('a.b') } catch (e) { console.log(e.message.slice(0, 200)) }\nconsole.log('tried')",
      },
    ),
    getting(
      'a selector of JSON that is a bomb',
      (socket) => void socket.end(`${ok}content-type: application/json\r\n\r\n{"a":[${'{"b":1},'.repeat(5000)}{}]}`),
      {
        attack:
          "for (const path of ['a.#.b', '#'.repeat(10000), 'a.'.repeat(5000), 'a.#(b>0)#.b', 'a.#(' .repeat(1000), '**********b', 'a.' + '*'.repeat(3000), '__proto__', 'constructor.prototype']) { try { http.get('http://' + __ENV.HOSTILE, { timeout: '2s' }).json(path) } catch (e) { console.log(e.message.slice(0, 200)) } }\nconsole.log('tried')",
      },
    ),
    getting(
      'a demand for a password, again and again',
      (socket) =>
        void socket.write(
          'HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Digest realm="\u0001x", nonce="n", qop="auth", algorithm=MD5-sess\r\ncontent-length: 0\r\n\r\n',
        ),
      {
        attack:
          "for (const auth of ['digest', 'basic', '__proto__']) { try { const r = http.get('http://user:pass@' + __ENV.HOSTILE + '/', { auth, timeout: '2s' }); console.log(r.status, r.error) } catch (e) { console.log(e.message) } }\nconsole.log('tried')",
        check: ({ server }) => {
          if ((server?.counts.get('requests') ?? 0) > 20) throw new Error(`${server?.counts.get('requests')} requests`)
        },
      },
    ),
  ],
}

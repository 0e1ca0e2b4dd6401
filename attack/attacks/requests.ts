/** What a script sends: metadata and headers that break a protocol, and connections, streams and requests without end. */
import assert from 'node:assert/strict'
import type { Area, Attack } from '../attack.js'
import { httpServer, tcpServer } from '../servers/hostile-server.js'

const init = `import grpc from 'k6/net/grpc'
import http from 'k6/http'
const client = new grpc.Client()
client.load(null, 'pulse.proto')
const beat = (params) => client.invoke('attack.Pulse/Beat', { name: 'request' }, { timeout: '2s', ...params })`

const connect = 'client.connect(__ENV.GOOD, { plaintext: true })\n'

const sending = (name: string, attack: string, more: Partial<Attack> = {}): Attack => ({
  name,
  init,
  attack: `${attack}\nconsole.log('tried')`,
  limits: { cpuMs: 3000 },
  ends: { says: /tried/ },
  ...more,
})

const quiet = () => httpServer((socket) => void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'))

export const requests: Area = {
  name: 'requests',
  attacks: [
    sending(
      'metadata keys that belong to the protocol',
      `${connect}for (const key of ['connection', 'transfer-encoding', 'keep-alive', 'proxy-connection', 'upgrade', 'host', 'te', 'content-length', 'content-type', ':path', ':authority', ':method', 'grpc-timeout', 'grpc-encoding', 'grpc-status', 'Connection', 'user-agent', '__proto__', 'constructor', '', ' ', 'a b', 'a:b', 'ä']) {
        try { const { status } = beat({ metadata: { [key]: '5' } }); console.log(key, status) } catch (e) { console.log(key, e.message) }
      }`,
    ),
    sending(
      'metadata values with line breaks and bytes',
      `${connect}for (const value of ['a\\r\\nb: c', 'a\\nb', '\\u0000', 'ä', '\\u001b[31m', '\\ud800', 'x'.repeat(1e6), 1e400, null, {}, [], Symbol('x'), 10n, new Proxy({}, { get() { throw 1 } })]) {
        try { const { status } = beat({ metadata: { a: value } }); console.log(status) } catch (e) { console.log(e.message) }
        try { const { status } = beat({ metadata: { 'a-bin': value } }); console.log(status) } catch (e) { console.log(e.message) }
      }`,
    ),
    sending(
      'metadata of a megabyte',
      `${connect}const metadata = {}; for (let i = 0; i < 100; i++) metadata['k' + i] = 'x'.repeat(10000); try { beat({ metadata }) } catch (e) { console.log(e.message) }`,
      {
        ends: { limit: 'metadataBytes' },
      },
    ),
    sending(
      'ten thousand metadata keys',
      `${connect}const metadata = {}; for (let i = 0; i < 10000; i++) metadata['k' + i] = 'x'; try { beat({ metadata }) } catch (e) { console.log(e.message) }`,
      {
        ends: { says: /metadataPairs|metadataBytes/ },
      },
    ),
    sending(
      'HTTP headers that break the protocol',
      `for (const [name, value] of [['a\\r\\nb', 'c'], ['a', 'b\\r\\nc: d\\r\\n\\r\\nGET /smuggled HTTP/1.1'], ['content-length', '5'], ['transfer-encoding', 'chunked'], ['connection', 'upgrade'], ['host', 'x\\r\\ny'], ['', 'x'], [':path', '/x'], ['a', 'x'.repeat(1e6)], ['expect', '100-continue'], ['upgrade', 'h2c']]) {
        try { const r = http.post('http://' + __ENV.HOSTILE + '/', 'ab', { headers: { [name]: value }, timeout: '1s' }); console.log(r.status, r.error) } catch (e) { console.log(e.message) }
      }`,
      { server: quiet },
    ),
    sending(
      'HTTP methods and paths that break the protocol',
      `for (const method of ['GET\\r\\nX: y', 'CONNECT', '', 'G ET', 'x'.repeat(1e5), '__proto__', 'TRACE']) {
        try { const r = http.request(method, 'http://' + __ENV.HOSTILE + '/a b\\r\\nc', null, { timeout: '1s' }); console.log(r.status, r.error) } catch (e) { console.log(e.message) }
      }`,
      { server: quiet },
    ),
    sending(
      'methods that are none',
      `${connect}for (const m of ['', '/', 'a', 'attack.Pulse', 'attack.Pulse/Beat\\r\\nx: y', 'http://127.0.0.2/', 'x'.repeat(2e5), '__proto__/constructor', 'attack.Pulse/__proto__', '../attack.Pulse/Beat', 'attack.Pulse/Beat/../../x']) { try { console.log(client.invoke(m, {}).status) } catch (e) { console.log(e.message) } }`,
    ),
    sending(
      'messages of every wrong kind',
      `${connect}for (const m of [null, undefined, 1, 'x', [], { name: 1 }, { name: {} }, { nope: 1 }, { __proto__: null, name: 'x' }, JSON.parse('{"__proto__":1}'), { name: '\\ud800' }, new Proxy({}, { ownKeys() { throw 1 } }), { toJSON() { return { name: 'j' } } }, () => {}, 10n, { get name() { throw 2 } }]) { try { console.log(client.invoke('attack.Pulse/Beat', m, { timeout: '1s' }).status) } catch (e) { console.log(e.message) } }`,
    ),
    sending(
      'a message of eight megabytes',
      `${connect}try { client.invoke('attack.Pulse/Beat', { name: 'x'.repeat(5e6) }, { timeout: '2s' }) } catch (e) { console.log(e.message) }`,
      {
        limits: { cpuMs: 4000, memoryBytes: 64 * 2 ** 20 },
        ends: { limit: 'requestBytes' },
      },
    ),
    sending(
      'an HTTP body of eight megabytes',
      "try { console.log(http.post('http://' + __ENV.HOSTILE, 'x'.repeat(5e6)).error) } catch (e) { console.log(e.message) }",
      {
        server: quiet,
        limits: { cpuMs: 4000, memoryBytes: 64 * 2 ** 20 },
        ends: { limit: 'requestBytes' },
      },
    ),
    sending(
      'connections without end',
      'const all = []; try { for (let i = 0; i < 500; i++) { const c = new grpc.Client(); c.connect(__ENV.GOOD, { plaintext: true }); all.push(c) } } catch (e) { console.log(all.length, e.message) }',
      {
        limits: { cpuMs: 3000, connections: 20 },
        ends: { limit: 'connections' },
      },
    ),
    sending(
      'clients without end',
      'const all = []; try { for (let i = 0; i < 50000; i++) all.push(new grpc.Client()) } catch (e) { console.log(all.length, e.message) }',
      { ends: {} },
    ),
    sending(
      'streams without end',
      `${connect}const all = []; try { for (let i = 0; i < 500; i++) { const s = new grpc.Stream(client, 'attack.Pulse/Beat'); s.on('error', () => {}); all.push(s) } } catch (e) { console.log(all.length, e.message) }\nfor (const s of all) s.end()`,
      {
        limits: { cpuMs: 3000, streams: 20 },
        ends: { limit: 'streams' },
      },
    ),
    sending(
      'asynchronous calls without end',
      `${connect}const all = []; for (let i = 0; i < 3000; i++) all.push(client.asyncInvoke('attack.Pulse/Beat', { name: 'x' }).catch((e) => e))\nconst ends = await Promise.all(all); console.log(String(ends.find((e) => e instanceof Error)))`,
      {
        limits: { cpuMs: 6000, iterationMs: 10_000 },
        ends: {},
      },
    ),
    sending('requests as fast as possible', `${connect}for (let i = 0; i < 60; i++) beat()`, {
      limits: { requestsPerSecond: 40, iterationMs: 12_000, cpuMs: 4000 },
      ends: { says: /tried/ },
    }),
    sending(
      'a batch of a hundred thousand requests',
      "try { http.batch(Array.from({ length: 1e5 }, () => 'http://' + __ENV.HOSTILE)) } catch (e) { console.log(e.message) }",
      { server: quiet, ends: {} },
    ),
    sending(
      'open HTTP requests without end',
      "const all = []; for (let i = 0; i < 500; i++) all.push(http.asyncRequest('GET', 'http://' + __ENV.HOSTILE, null, { timeout: '1s' }).catch((e) => e.message))\nconst ends = await Promise.all(all); console.log(ends.find((e) => typeof e === 'string'))",
      {
        server: () => tcpServer(() => {}),
        limits: { cpuMs: 5000, iterationMs: 12_000 },
        ends: {},
        check: ({ server }) =>
          assert.ok(
            (server?.counts.get('connections') ?? 0) <= 1000,
            `${server?.counts.get('connections')} connections`,
          ),
      },
    ),
    sending(
      'a timeout for ever',
      "const t = Date.now(); for (const timeout of ['1e9h', 1e300, 0, -1, NaN, '99999999999999999h']) { try { const r = http.get('http://' + __ENV.HOSTILE, { timeout }); console.log(r.error) } catch (e) { console.log(e.message) } }",
      {
        server: () => tcpServer(() => {}),
        limits: { callMs: 500, iterationMs: 9000 },
        ends: { says: /tried|iterationMs/ },
      },
    ),
    sending(
      'a cookie jar without end',
      "const jar = http.cookieJar(); try { for (let i = 0; i < 5000; i++) jar.set('http://' + __ENV.HOSTILE, 'c' + i, 'x'.repeat(100)) } catch (e) { console.log(e.message) }\nfor (const c of ['__proto__', 'a\\r\\nb', 'x'.repeat(1e5)]) { try { jar.set('http://' + __ENV.HOSTILE, c, c) } catch (e) { console.log(e.message) } }",
      {
        server: quiet,
        limits: { cpuMs: 6000 },
      },
    ),
  ],
}

/**
 * Network: every spelling of a forbidden place, and every way to be led there. What is allowed is one port of 127.0.0.1; what is
 * forbidden is watched by listeners of this program, on loopback too, and whoever reaches one has broken out.
 */
import assert from 'node:assert/strict'
import type { Area, Attack } from '../attack.js'
import { httpServer } from '../servers/hostile-server.js'

const clients = "import grpc from 'k6/net/grpc'\nimport http from 'k6/http'"

/** Connects to each of the targets with gRPC. */
const dialling = (name: string, targets: string, more: Partial<Attack> = {}): Attack => ({
  name,
  init: clients,
  attack: `
    for (const target of ${targets}) {
      const client = new grpc.Client()
      try { client.connect(target, { plaintext: true, timeout: '1s' }); console.log('CONNECTED', target) } catch (e) { console.log(e.message) }
      client.close()
    }
    console.log('tried')`,
  ends: { says: /tried/, neverSays: /CONNECTED/ },
  limits: { iterationMs: 12_000 },
  ...more,
})

/** Asks for each of the URLs. */
const asking = (name: string, urls: string, more: Partial<Attack> = {}): Attack => ({
  name,
  init: clients,
  attack: `
    for (const url of ${urls}) {
      try { const r = http.get(url, { timeout: '1s' }); console.log(r.status ? 'CONNECTED ' + url : 'no: ' + r.error) } catch (e) { console.log(e.message) }
    }
    console.log('tried')`,
  ends: { says: /tried/, neverSays: /CONNECTED/ },
  limits: { iterationMs: 12_000 },
  ...more,
})

export const network: Area = {
  name: 'network',
  attacks: [
    dialling('gRPC to an address that is not listed', '[__ENV.OTHER, __ENV.SIX, __ENV.CLOSED]', {
      ends: { says: /tried/, neverSays: /CONNECTED/, refusedBy: 'network' },
    }),
    dialling(
      'gRPC to numbers that are addresses',
      "['2130706434', '0x7f000002', '0177.0.0.2', '127.2', '0x7f.2', '127.0.2', '017700000002', '0', '0.0.0.0'].map((h) => h + ':' + __ENV.OTHER_PORT)",
    ),
    dialling(
      'gRPC to all spellings of this machine on a closed port',
      "['0', '0.0.0.0', '127.1', '2130706433', '[::]', '[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[::1%lo]', '127.0.0.1.'].map((h) => h + ':' + __ENV.CLOSED_PORT)",
    ),
    dialling(
      'gRPC to an IPv6 address that holds a forbidden one',
      "['[::ffff:127.0.0.2]', '[::ffff:7f00:2]', '[0:0:0:0:0:ffff:127.0.0.2]', '[::127.0.0.2]', '[64:ff9b::127.0.0.2]', '[2002:7f00:2::]'].map((h) => h + ':' + __ENV.OTHER_PORT)",
    ),
    dialling(
      'gRPC to digits of another script',
      "['①②⑦.⓪.⓪.②', '127。0。0。2', '１２７.0.0.2', '127.0.0.②'].map((h) => h + ':' + __ENV.OTHER_PORT)",
    ),
    dialling(
      'gRPC to Unix sockets',
      "['unix:' + __ENV.SOCKET, 'unix://' + __ENV.SOCKET, 'unix:///' + __ENV.SOCKET, 'UNIX:' + __ENV.SOCKET, 'unix-abstract:x', __ENV.SOCKET, 'unix:../outside/x']",
    ),
    dialling(
      'gRPC with schemes and authorities',
      "['dns:', 'dns:///', 'dns://127.0.0.2/', 'dns://notanip/', 'passthrough:///', 'ipv4:', 'ipv4:///', 'xds:', 'vsock:', 'http://', 'https://', 'grpc://', 'DNS:', 'a@', '//', 'x:///'].map((s) => s + __ENV.OTHER)",
    ),
    dialling(
      'gRPC to lists of addresses',
      "['ipv4:' + __ENV.GOOD + ',' + __ENV.OTHER, __ENV.GOOD + ',' + __ENV.OTHER, __ENV.OTHER + ',' + __ENV.GOOD, __ENV.GOOD + ' ' + __ENV.OTHER, __ENV.GOOD + '@' + __ENV.OTHER, __ENV.GOOD + '#@' + __ENV.OTHER, __ENV.GOOD + '\\\\@' + __ENV.OTHER]",
    ),
    dialling(
      'gRPC to ports that are none',
      "['127.0.0.1:', '127.0.0.1:0', '127.0.0.1:70000', '127.0.0.1:-1', '127.0.0.1:1e3', '127.0.0.1:0x50', '127.0.0.1: 80', '127.0.0.1:80\\n', '127.0.0.1', ':80', '', '[]:80', '[:80', 'a'.repeat(70000) + ':80', '127.0.0.1:25']",
    ),
    dialling(
      'gRPC to what the option hosts maps',
      "['mapped.test:' + __ENV.OTHER_PORT, 'mapped.test:1', 'ported.test:1', 'six.test:' + __ENV.OTHER_PORT, 'wild.x.test:' + __ENV.OTHER_PORT]",
      {
        init: `${clients}\nexport const options = { hosts: { 'mapped.test': '127.0.0.2', 'ported.test': __ENV.OTHER, 'six.test': '::1', '*.x.test': '127.0.0.2' } }`,
      },
    ),
    dialling('gRPC with several addresses and retries', '[__ENV.OTHER]', {
      attack: `
        for (const params of [{ loadBalancing: 'round_robin' }, { connectionSharing: true }, { retryPolicy: { maxAttempts: 5, initialBackoff: '1ms', maxBackoff: '1ms', backoffMultiplier: 1, retryableStatusCodes: ['UNAVAILABLE'] } }, { reflect: true }, { authority: __ENV.GOOD }, { tls: {} }]) {
          const client = new grpc.Client()
          try { client.connect(__ENV.OTHER, { plaintext: true, timeout: '1s', ...params }); console.log('CONNECTED') } catch (e) { console.log(e.message) }
        }
        console.log('tried')`,
    }),
    dialling(
      'names without end are not looked up',
      "Array.from({ length: 100 }, (_, i) => 'name-' + i + '.attack.invalid:80')",
      {
        limits: { cpuMs: 4000 },
        ends: { says: /tried/, neverSays: /CONNECTED|ENOTFOUND|no such host/, refusedBy: 'network' },
      },
    ),
    dialling('the authority leads nowhere', '[__ENV.GOOD]', {
      attack: `
        for (const authority of [__ENV.OTHER, 'a\\r\\nx: y', '\\u0000', 'unix:' + __ENV.SOCKET, 'x'.repeat(1e5)]) {
          const client = loaded
          try { client.connect(__ENV.GOOD, { plaintext: true, authority, timeout: '2s' }); console.log(client.invoke('attack.Pulse/Beat', { name: 'x' }, { timeout: '2s' }).status) } catch (e) { console.log(e.message) }
          client.close()
        }
        console.log('tried')`,
      init: `${clients}
const loaded = new grpc.Client()
loaded.load(null, 'pulse.proto')`,
      ends: { says: /tried/ },
    }),
    asking(
      'HTTP to an address that is not listed',
      "[__ENV.OTHER, __ENV.SIX, __ENV.CLOSED].map((h) => 'http://' + h + '/')",
      {
        ends: { says: /tried/, neverSays: /CONNECTED/, refusedBy: 'network' },
      },
    ),
    asking(
      'HTTP to numbers that are addresses',
      "['2130706434', '0x7f000002', '0177.0.0.2', '127.2', '%31%32%37.0.0.2', '①②⑦.0.0.②', '[::ffff:7f00:2]', '127.0.0.2.', '0', 'u:p@127.0.0.2', '127.0.0.1@127.0.0.2'].map((h) => 'http://' + h + ':' + __ENV.OTHER_PORT + '/')",
    ),
    asking(
      'HTTP with other schemes',
      "['file:///etc/passwd', 'ftp://127.0.0.2/', 'gopher://127.0.0.2:1/_x', 'unix:' + __ENV.SOCKET, 'http+unix://' + encodeURIComponent(__ENV.SOCKET) + '/', 'data:text/plain,x', 'javascript:1', 'dict://127.0.0.2:1/', 'http://unix:' + __ENV.SOCKET + ':/', 'HTTP://' + __ENV.OTHER, 'ws://' + __ENV.OTHER, '//' + __ENV.OTHER + '/', 'http:/' + __ENV.OTHER, 'http:\\\\\\\\' + __ENV.OTHER]",
    ),
    asking('HTTP with a Host that is another', "['http://' + __ENV.HOSTILE + '/']", {
      server: () => httpServer((socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')),
      attack: `
        for (const Host of [__ENV.OTHER, 'x\\r\\nGET http://' + __ENV.OTHER + '/ HTTP/1.1', __ENV.CLOSED]) {
          try { http.get('http://' + __ENV.HOSTILE + '/', { headers: { Host }, timeout: '2s' }) } catch (e) { console.log(e.message) }
        }
        console.log('tried')`,
      ends: { says: /tried/ },
    }),
    asking(
      'a redirect to a forbidden address',
      "[__ENV.OTHER, __ENV.SIX, __ENV.CLOSED, '[::ffff:7f00:2]:' + __ENV.OTHER_PORT, 'a@' + __ENV.OTHER].map((to) => 'http://' + __ENV.HOSTILE + '/?' + to)",
      {
        server: () =>
          httpServer((socket, request) => {
            const to = /\?(\S+)/.exec(request)?.[1] ?? ''
            socket.end(
              `HTTP/1.1 302 Found\r\nlocation: http://${to}/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
            )
          }),
        ends: { says: /tried/, refusedBy: 'network' },
      },
    ),
    {
      name: 'a redirect loop',
      init: clients,
      server: () =>
        httpServer(
          (socket) => void socket.write('HTTP/1.1 302 Found\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n'),
        ),
      attack:
        "const r = http.get('http://' + __ENV.HOSTILE + '/', { redirects: 1e9, timeout: '3s' }); console.log('tried', r.status, r.error)",
      ends: { says: /tried/ },
      check: ({ server }) =>
        assert.ok((server?.counts.get('requests') ?? 0) <= 1001, `${server?.counts.get('requests')} requests`),
    },
    {
      name: 'a module from a forbidden address',
      script: "import x from 'https://127.0.0.2:1/x.js'\nexport default function () {}",
      ends: {
        error: ['NETWORK_DENIED', 'MODULE_DENIED', 'SCRIPT_EXCEPTION'],
        neverSays: /ECONNREFUSED|connection refused/,
      },
    },
    {
      name: 'a require() of a watched address, and a lock file',
      script:
        "try { require('https://' + '127.0.0.2:' + __ENV.OTHER_PORT + '/x.js') } catch (e) { console.log(e.message) }\ntry { await import('https://' + __ENV.OTHER + '/x.js') } catch (e) { console.log(e.message) }\nconsole.log('tried')\nexport default function () {}",
      files: { 'belljar.lock.json': '{"__proto__":{}}' },
      ends: { says: /tried/ },
    },
    {
      name: 'gRPC methods that the policy does not list',
      init: `${clients}\nconst client = new grpc.Client()\nclient.load(null, 'pulse.proto')`,
      policy: { grpcMethods: ['attack.Other/*'] },
      attack:
        "client.connect(__ENV.GOOD, { plaintext: true }); for (const m of ['attack.Pulse/Beat', '/attack.Pulse/Beat']) { try { client.invoke(m, { name: 'x' }); console.log('CONNECTED') } catch (e) { console.log(e.message) } }\nconsole.log('tried')",
      neighbour: 'none',
      ends: { says: /tried/, neverSays: /CONNECTED/, refusedBy: 'grpcMethods' },
    },
    {
      name: 'modules that the policy does not list',
      script: "import http from 'k6/http'\nexport default function () {}",
      policy: { modules: ['k6'] },
      ends: { error: ['MODULE_DENIED', 'SCRIPT_EXCEPTION'], refusedBy: 'modules' },
    },
  ],
}

/** Ways out of the sandbox that worked elsewhere: constructors, errors, globals, imports, poisoned built-ins. */
import type { Area, Attack } from '../attack.js'

/** Tries something, and tells whether a hand of the host was there. */
const reaching = (name: string, attack: string, more: Partial<Attack> = {}): Attack => ({
  name,
  attack: `${attack}\nconsole.log('tried')`,
  ends: { says: /tried/, neverSays: /ESCAPED/ },
  ...more,
})

/** Says ESCAPED when an expression gives something. */
const probe = (expression: string) =>
  `try { const found = ${expression}; if (found) console.log('ESCAPED ' + typeof found) } catch {}\n`

export const escapes: Area = {
  name: 'escape',
  attacks: [
    reaching(
      'the constructor of the constructor',
      [
        "this?.constructor.constructor('return process')()",
        "(() => {}).constructor('return process')()",
        "await (async () => {}).constructor('return process')()",
        "(function* () {}).constructor('return process')().next().value",
        "new Function('return process')()",
        '(0, eval)(\'typeof process === "object" && process\')',
        "Object.constructor.constructor('return globalThis.process')()",
      ]
        .map(probe)
        .join('\n'),
    ),
    reaching(
      'the constructors of what the host hands out',
      `import_all()
      for (const thing of [console.log, sleep, check, exec, exec.test, exec.vu, http.get, new Counter('hits'), client, client.invoke, crypto.sha256, __ENV, setTimeout]) {
        for (let o = thing, i = 0; o && i < 5; o = Object.getPrototypeOf(o), i++) {
          try { const found = o.constructor.constructor('return typeof process === "object" ? process : undefined')(); if (found) console.log('ESCAPED') } catch {}
        }
      }
      console.log('tried')`.replace('import_all()\n', ''),
      {
        init: `import { sleep, check } from 'k6'
import exec from 'k6/execution'
import http from 'k6/http'
import { Counter as C } from 'k6/metrics'
import crypto from 'k6/crypto'
import grpc from 'k6/net/grpc'
const counter = new C('hits')
const Counter = function () { return counter }
const client = new grpc.Client()`,
      },
    ),
    reaching(
      'the errors of the host',
      `const errors = []
      for (const f of [() => open('x'), () => client.invoke('a.b/c', {}), () => client.connect('127.0.0.2:1'), () => http.get(1n), () => crypto.createHash('nope'), () => new Counter('no name!')]) {
        try { f() } catch (e) { errors.push(e) }
      }
      for (const e of errors) {
        let keys = ''
        for (let o = e; o; o = Object.getPrototypeOf(o)) keys += Reflect.ownKeys(o).map(String).join()
        if (/process|node:|\\/dist\\/|host\\//.test(e.message + e.stack + keys)) console.log('ESCAPED ' + e.stack)
        try { if (e.constructor.constructor('return typeof process')() !== 'undefined') console.log('ESCAPED') } catch {}
        for (const key of ['cause', 'details', 'code', 'errno', 'syscall', 'path']) if (e[key] !== undefined) console.log('has ' + key)
      }
      console.log('tried ' + errors.length)`,
      {
        init: `import http from 'k6/http'
import crypto from 'k6/crypto'
import { Counter } from 'k6/metrics'
import grpc from 'k6/net/grpc'
const client = new grpc.Client()`,
      },
    ),
    reaching(
      'the calls of a stack trace',
      `Error.prepareStackTrace = (e, frames) => frames
      const found = new Error('x').stack
      if (typeof found !== 'string') for (const f of found ?? []) { try { if (f.getThis() || f.getFunction()) console.log('frame') } catch {} }
      Error.stackTraceLimit = Infinity
      ${probe("Array.isArray(new Error('x').stack) && new Error('x').stack[0].getThis().process")}
      console.log('tried')`,
    ),
    reaching(
      'globals that a host could have left behind',
      [
        'process',
        'require("fs")',
        'module.constructor',
        'global.process',
        'Buffer',
        'WebAssembly',
        'Atomics',
        'Deno',
        'Bun',
        'std',
        'os',
        'bjson',
        'scriptArgs',
        '__dirname',
        'fetch',
        'XMLHttpRequest',
        'WebSocket',
        'Worker',
        'SharedWorker',
        'importScripts',
        'gc',
        '__host',
        '__bridge',
        'hostCall',
        'performance.nodeTiming',
      ]
        .map((name) => probe(`(${name})`))
        .join('\n'),
    ),
    reaching(
      'every name of the global object',
      `const own = Reflect.ownKeys(globalThis).map(String)
      for (const name of own) {
        let value
        try { value = globalThis[name] } catch {}
        if (typeof value === 'function' && /host|bridge|native$|belljar/i.test(name)) console.log('ESCAPED ' + name)
      }
      console.log(own.length)`,
    ),
    ...[
      'fs',
      'node:fs',
      'child_process',
      'node:child_process',
      'process',
      'worker_threads',
      'os',
      'std',
      'belljar',
      'internal/bridge',
      'k6/internal/bridge',
      'k6/../internal/bridge',
    ].map(
      (name): Attack => ({
        name: `an import of ${name}`,
        script: `import * as found from ${JSON.stringify(name)}\nconsole.log('ESCAPED', Object.keys(found).length)\nexport default function () {}`,
        neighbour: 'none',
        ends: {
          error: ['FILE_NOT_FOUND', 'MODULE_DENIED', 'NOT_SUPPORTED', 'SCRIPT_EXCEPTION', 'FILE_DENIED'],
          neverSays: /ESCAPED/,
        },
      }),
    ),
    reaching(
      'require and import() of what Node.js has',
      `for (const name of ['fs', 'node:fs', 'child_process', 'data:text/javascript,1', 'file:///etc/passwd', 'blob:x', '../outside/secret.js', __ENV.OUTSIDE + '/secret.js', 'javascript:1']) {
        try { const found = require(name); console.log('ESCAPED ' + JSON.stringify(found)) } catch (e) {}
        try { const found = await import(name); console.log('ESCAPED ' + JSON.stringify(found)) } catch (e) {}
      }
      console.log('tried')`,
    ),
    reaching(
      'poisoned built-ins under the modules',
      `const poison = () => { throw new Error('poisoned') }
      for (const [o, names] of [[Array.prototype, ['push', 'map', 'join', 'slice', 'forEach', 'indexOf', 'concat', 'filter']], [Object, ['keys', 'entries', 'assign', 'create', 'freeze', 'defineProperty', 'getPrototypeOf', 'hasOwn']], [JSON, ['stringify', 'parse']], [Promise.prototype, ['then', 'catch']], [Promise, ['resolve', 'all']], [String.prototype, ['replace', 'split', 'slice', 'indexOf', 'toWellFormed']], [Function.prototype, ['call', 'apply', 'bind']], [Map.prototype, ['get', 'set', 'has']], [Reflect, ['apply', 'ownKeys']], [Number, ['isInteger', 'isFinite']], [RegExp.prototype, ['exec', 'test', Symbol.replace]]]) {
        for (const name of names) { try { o[name] = poison } catch {} }
      }
      Object.prototype.toJSON = poison
      globalThis.Error = globalThis.TypeError = globalThis.Promise = globalThis.JSON = globalThis.Array = undefined
      c.add(1, { a: 'b' })
      check(1, { one: (v) => v === 1 })
      console.log({ a: [1] })`,
      { init: "import { check } from 'k6'\nimport { Counter } from 'k6/metrics'\nconst c = new Counter('hits')" },
    ),
    reaching(
      'getters and setters on Object.prototype',
      `for (const name of ['headers', 'timeout', 'tags', 'metadata', 'plaintext', 'name', 'message', 'stack', 'then', 'value', 'done', 'get', 'set', 'length', '0', 'cause', 'code', 'toJSON', 'url', 'method', 'body']) {
        try { Object.defineProperty(Object.prototype, name, { get() { return this === globalThis ? undefined : 'pwned' }, set() {}, configurable: true }) } catch {}
      }
      try { c.add(1, { a: 'b' }) } catch {}
      try { console.log('tried') } finally { for (const name of Object.getOwnPropertyNames(Object.prototype)) { const d = Object.getOwnPropertyDescriptor(Object.prototype, name); if (d.get && d.configurable && name !== '__proto__') delete Object.prototype[name] } }
      console.log('tried')`,
      { init: "import { Counter } from 'k6/metrics'\nconst c = new Counter('hits')" },
    ),
    reaching(
      'what a poisoned call finds in its arguments',
      `const seen = []
      const call = Function.prototype.call, apply = Reflect.apply, push = Array.prototype.push
      Array.prototype.push = function (...args) { seen[seen.length] = this; return apply(push, this, args) }
      Object.defineProperty(Object.prototype, 'toJSON', { configurable: true, get() { seen[seen.length] = this; return undefined } })
      c.add(1, { a: 'b' }); console.log({ x: 1 }); client.load; try { client.invoke('a/b', {}) } catch {}
      delete Object.prototype.toJSON
      Array.prototype.push = push
      for (const thing of seen) { try { if (thing.constructor.constructor('return typeof process')() !== 'undefined') console.log('ESCAPED') } catch {} }
      console.log('tried')`,
      {
        init: "import { Counter } from 'k6/metrics'\nimport grpc from 'k6/net/grpc'\nconst c = new Counter('hits')\nconst client = new grpc.Client()",
      },
    ),
    reaching(
      'objects of the host by forged handles',
      `for (const forged of [0, 1, 2, -1, 2 ** 31, NaN, '__proto__', { id: 1 }, null]) {
        const fake = Object.create(grpc.Client.prototype)
        try { fake.id = forged; fake.handle = forged; fake.invoke('attack.Pulse/Beat', {}); console.log('ESCAPED') } catch {}
        try { grpc.Client.prototype.close.call({ id: forged, handle: forged }) } catch {}
        try { Counter.prototype.add.call({ id: forged, name: 'iterations' }, 1e9) } catch {}
      }
      console.log('tried')`,
      { init: "import grpc from 'k6/net/grpc'\nimport { Counter } from 'k6/metrics'" },
    ),
    reaching(
      'the host as a species, an iterator and a thenable',
      `class Evil extends Array { static get [Symbol.species]() { throw new Error('species') } get length() { throw new Error('length') } }
      for (const value of [new Evil(), { then(f) { f(process) } }, { [Symbol.toPrimitive]() { throw 1 } }, new Proxy(function () {}, {}), new Proxy([], { get() { throw 2 } }), Symbol('x'), 10n, new (class { get [Symbol.toStringTag]() { throw 3 } })()]) {
        for (const f of [(v) => console.log(v), (v) => check(v, { a: v }), (v) => c.add(v, v), (v) => http.get(v, v), (v) => setTimeout(v, v), (v) => group(v, v), (v) => fail(v), (v) => typeof v === 'bigint' || sleep(v)]) {
          try { f(value) } catch {}
        }
      }
      console.log('tried')`,
      {
        init: "import { check, group, fail, sleep } from 'k6'\nimport http from 'k6/http'\nimport { Counter } from 'k6/metrics'\nconst c = new Counter('hits')",
      },
    ),
    ...[
      ['a BigInt', '10n'],
      ['a Symbol', "Symbol('thrown')"],
      ['null', 'null'],
      ['a Proxy that throws', "new Proxy({}, { get() { throw 'again' }, getPrototypeOf() { throw 'again' } })"],
      ['an error whose message is an object', 'Object.assign(new Error(), { message: {}, stack: {}, name: [] })'],
      [
        'an error of ten megabytes',
        "Object.assign(new Error('m'.repeat(2e6)), { stack: 's'.repeat(2e6), name: 'n'.repeat(2e6) })",
      ],
      [
        'an error that is its own cause',
        "(() => { const e = new Error('loop'); e.cause = e; e.errors = [e]; return e })()",
      ],
      [
        'an error with getters that never end',
        '{ get name() { for (;;); }, get message() { for (;;); }, get stack() { for (;;); } }',
      ],
    ].map(
      ([what, value]): Attack => ({
        name: `throwing ${what}`,
        attack: `throw ${value}`,
        ends: {},
        check: ({ log }) => {
          const longest = Math.max(0, ...log.map((line) => line.length))
          if (longest > 70_000) throw new Error(`a line of the log has ${longest} letters`)
        },
      }),
    ),
  ],
}

/**
 * Every operation of the bridge, called from inside a VM as no guest half of ours would: whatever comes, the guest gets a value
 * or a plain error, and nothing is left to the host to stumble over. New operations are covered by being in host/index.ts.
 */
import assert from 'node:assert/strict'
import { GrpcRuntime } from '../../host/grpc/grpc-runtime.js'
import { GrpcVu } from '../../host/grpc/grpc-vu.js'
import { allHostModules } from '../../host/index.js'
import { Rehearsal } from '../../host/rehearsal/rehearsal.js'
import { VuContext } from '../../host/vu-context.js'
import { TagSet } from '../../metrics/tag-set.js'
import { trustedLimits } from '../../policy/limits.js'
import { TaskQueue } from '../../runtime/event-loop.js'
import { Vm } from '../../runtime/vm.js'
import { bareProtocols } from '../support/bare-services.js'
import { describeInVmThread } from '../support/in-vm-thread.js'
import { scriptVm } from '../support/script-vm.js'

/**
 * `attack(operation, rounds, seed)` calls one operation with arguments drawn from the lists and gives the errors that it threw,
 * as JSON of [name, message], and the types of what it returned. The first rounds take one value for all arguments.
 */
const guest = `
  const native = __belljar
  const text = (length) => 'x'.repeat(length)
  const buffer = (length) => new ArrayBuffer(length)
  const detached = buffer(8)
  if (detached.transfer) detached.transfer()
  const resized = new ArrayBuffer(64, { maxByteLength: 128 })
  if (resized.resize) resized.resize(3)
  const thrower = () => { throw new Error('guest code ran') }
  const strings = [
    '', 'a', 'a\\0b', '\\ud800', '\\u202e\\u001b[31m', text(1 << 20), '\\u4e2d'.repeat(1 << 18), '__proto__', 'constructor', 'toString',
    '../../etc/passwd', '/etc/passwd', 'file:///etc/passwd', 'C:\\\\x', '%2e%2e/x', 'data.csv', './data.csv', 'file:///test/script.js', '/dev/zero', text(5000) + '/a',
    '127.0.0.1:1', '[::1', '[::1]:x', '127.0.0.1:99999', 'unix:/x', 'http://127.0.0.1:1/', 'http://', 'https://[', 'x://y', 'http://a b/',
    'sha256', 'md4', 'hex', 'std', 'counter', 'trend', 'warning', 'GET', 'k6/http', 'iterations', 'encrypt', 'importKey', 'generateKey', 'deriveBits', 'exportKey', 'sign',
    '-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----', ',', '""', '-1', '1e999',
  ]
  const json = [
    '{}', '[]', 'null', '1', 'true', '"x"', '{', '[[]]', '[[1,2]]', '[["a","b"]]', '[["a"]]', '[null]', '{"__proto__":{"polluted":1}}', '[["__proto__","x"],["constructor","y"]]',
    '['.repeat(20000) + ']'.repeat(20000), '{"a":'.repeat(20000) + '1' + '}'.repeat(20000),
    '["u"]', '["n","x"]', '["b",[300,-1,"x"]]', '["b",{}]', '["o",[["a",["o",[]]]]]', '["o",[[1,1]]]', '["a",7]', '["o",[["metadata",["o",[["__proto__","x"]]]],["timeout","x"],["tags",1]]]', '["x","f"]',
    '["o",[["plaintext",true],["timeout","5ms"],["reflect",true],["tls",["o",[["cert","x"],["key",1]]]]]]',
    '{"method":"GET","url":"http://127.0.0.1:1/"}', '{"method":"GET","url":"http://127.0.0.1:1/","headers":[["a"]],"tags":{},"jar":9}', '{"method":"GET","url":1e999,"timeout":{}}',
    '{"method":"POST","url":"http://u:p@127.0.0.1:1/x","timeout":"zz","cookies":[["a","b",1]],"auth":"digest","expected":[[0,1]]}',
    '{"method":"GET","url":"http://127.0.0.1:1/","auth":{},"compression":"gzip,br,x","responseType":"text","redirects":-1,"expected":[1],"throws":1}',
    '{"bytes":null}', '{"bytes":[0]}', '{"data":{"bytes":[-5,1e9]},"key":{"bytes":7}}', '{"algorithm":null}', '{"algorithm":{"name":"AES-GCM","length":1e9},"key":1,"usages":["encrypt"]}',
    '{"algorithm":{"name":"HMAC","hash":{"name":"SHA-256"}},"format":"raw","data":{"bytes":[0,4]},"usages":["sign","x"],"extractable":true,"keyData":{"bytes":[0,4]}}',
    '{"algorithm":{"name":"AES-CBC","iv":{"bytes":[0,1]}},"key":99,"data":{"bytes":[0,8]}}', '{"algorithm":{"name":"ECDH","namedCurve":"__proto__","public":1},"format":"jwk","keyData":"{}","usages":[]}',
    '{"expires":"never"}', '{"domain":"[","path":7,"max_age":1e400}', '{"domain":"x","path":"\\u0000","expires":"Thu, 01 Jan 1970 00:00:00 GMT"}',
  ]
  const numbers = [NaN, 1 / 0, -1 / 0, -1, -0, 0, 0.5, 1, 2, 3, 7.9, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53, 1e308, -1e308, 5e-324]
  const others = [
    undefined, undefined, null, true, false, Symbol('s'), 10n, {}, [], thrower, new Proxy({}, { get: thrower }), { get a() { return thrower() }, toString: thrower, toJSON: thrower },
    buffer(0), buffer(8), buffer(1 << 20), detached, resized, new Uint8Array(8), new DataView(buffer(8)), new Date(0), new String('s'), /x/, Promise.resolve(1),
  ]
  const kinds = [strings, json, numbers, numbers, others]
  let state = 1
  const random = (below) => { state = (Math.imul(state, 1103515245) + 12345) >>> 0; return Math.floor(state / 4294967296 * below) }
  const draw = () => { const kind = kinds[random(kinds.length)]; return kind[random(kind.length)] }
  const each = [...strings, ...json, ...numbers, ...others]
  globalThis.attack = (operation, rounds, seed) => {
    state = seed + operation
    const outcomes = new Set()
    for (let round = -1; round < rounds; round++) {
      const args = round < 0 ? [] : round < each.length ? Array(7).fill(each[round]) : Array.from({ length: 7 }, draw)
      let result
      try {
        result = native(operation, ...args)
      } catch (e) {
        outcomes.add(JSON.stringify(['thrown by the bridge', String(e)]))
        continue
      }
      if (result !== null) { outcomes.add(typeof result === 'object' ? Object.prototype.toString.call(result) : typeof result); continue }
      const told = native(1)
      outcomes.add(told === undefined ? 'null' : told)
    }
    return JSON.stringify([...outcomes])
  }
  native(2, 'describe', (e) => '!' + String(e))
  native(2, 'attack', (...args) => attack(...args))
`

const rounds = 200
const names = new Set(['GoError', 'TypeError', 'RangeError', 'SyntaxError'])
/** What only the host could have said: codes and texts of Node.js, places in our files, our own word for a bug. */
const ofHost =
  /\bERR_[A-Z]|\bE(?:NOENT|ACCES|INVAL|NAMETOOLONG|PERM|ISDIR|CONN[A-Z]+|ADDR[A-Z]+)\b|node:|\.[jt]s:\d|internal error|Cannot read prop|Cannot destructure|is not a function|is not iterable|not valid JSON|in JSON at|belljar/

const hostModules = await allHostModules()

async function attack(module: string, isRehearsal: boolean): Promise<string[]> {
  const found = new Set<string>()
  const { context: model } = await scriptVm('export default function () {}', { files: { 'data.csv': 'a,b\n1,2\n' } })
  const noNames = { lookup: () => Promise.reject(Object.assign(new Error('no names here'), { code: 'ENOTFOUND' })) }
  const grpc = new GrpcRuntime({ tls: {}, resolver: noNames }, trustedLimits)
  let during = ''
  const note = (e: unknown) => {
    const stack = String((e as Error)?.stack ?? e).split('\n')
    found.add(
      `${during}: a bug of the host: ${stack[0]!.slice(0, 200)}${stack.find((line) => line.includes('/host/'))}`,
    )
  }
  const services = {
    ...model.services,
    onInternalError: note,
    ...(isRehearsal ? { rehearsal: new Rehearsal(() => {}) } : {}),
  }
  const context = new VuContext(1, services, new TaskQueue(), {
    ...bareProtocols(trustedLimits),
    grpc: () => new GrpcVu(grpc),
  })
  const loader = {
    resolve: () => '',
    load: () => '',
    loadCommonJs: () => '',
    own: { resolve: () => '', load: () => '' },
  }
  const vm = await Vm.create({ limits: { ...trustedLimits, cpuMs: 60_000 }, modules: hostModules, loader }, '__belljar')
  vm.vu = context
  vm.onInternalError = note
  context.memory = () => vm.memory
  // Some numbers stand for something.
  context.files.add('/test/data.csv', Buffer.from('a,b\n1,2\n'))
  for (let i = 0; i < 3; i++) context.addTagSet(TagSet.empty)
  context.grpc.create()
  context.http.addJar()
  process.on('unhandledRejection', note)
  // Nothing waits longer than this, and nothing is waited for after it.
  const impatience = setInterval(() => {
    context.endWaits()
    context.renew()
  }, 2)
  try {
    await vm.evaluateModule(guest, 'guest.js', 10_000)
    let number = 15
    for (const { name, operations } of hostModules) {
      for (const operation of Object.keys(operations)) {
        number++
        if (name !== module) continue
        during = `${name}.${operation}`
        const ended = await vm.enter(60_000, 'attack', number, rounds, 7)
        assert.equal(ended.kind, 'returned', `${during}: ${JSON.stringify(ended)}`)
        const outcomes = JSON.parse(String((ended as { value: unknown }).value)) as string[]
        assert.ok(outcomes.length > 0)
        for (const outcome of outcomes) {
          if (!outcome.startsWith('[')) continue
          if (outcome.startsWith('[object ')) {
            if (outcome !== '[object ArrayBuffer]') found.add(`${during}: returned ${outcome}`)
            continue
          }
          const [kind, message] = JSON.parse(outcome) as [string, string]
          if (!names.has(kind)) found.add(`${during}: ${kind}: ${message.slice(0, 200)}`)
          else if (ofHost.test(message) || message.includes(process.cwd()))
            found.add(`${during}: says ${message.slice(0, 200)}`)
          else if (message.length > 20_000) found.add(`${during}: says ${message.length} characters`)
        }
        context.tasks.clear()
        await new Promise((resolve) => setImmediate(resolve))
      }
    }
    // What was begun and not waited for.
    await new Promise((resolve) => setTimeout(resolve, 50))
  } finally {
    clearInterval(impatience)
    process.off('unhandledRejection', note)
    context.close()
  }
  assert.equal(vm.death, undefined)
  assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  return [...found]
}

describeInVmThread('the operations of the bridge', import.meta.url, (it) => {
  for (const { name } of hostModules) {
    it(`${name}: give a value or a plain error for whatever a guest passes, in a run and in a check`, async () => {
      assert.deepEqual(await attack(name, false), [])
      assert.deepEqual(await attack(name, true), [])
    })
  }
})

/** Every module of k6 in a script that changed the language before it imported them. */
import assert from 'node:assert/strict'
import { describeInVmThread } from '../support/in-vm-thread.js'
import { scriptVm } from '../support/script-vm.js'

const script = `
  import './poison.js'
  import { check } from 'k6'
  import { SharedArray } from 'k6/data'
  import encoding from 'k6/encoding'
  import exec from 'k6/execution'
  import { createHash, md5 } from 'k6/crypto'
  import http from 'k6/http'
  import { Counter } from 'k6/metrics'
  import grpc from 'k6/net/grpc'
  import secrets from 'k6/secrets'
  import csv from 'k6/experimental/csv'
  import fs from 'k6/experimental/fs'
  import { ReadableStream } from 'k6/experimental/streams'
  import timers from 'k6/timers'
  import 'k6/crypto/x509'

  const list = new SharedArray('list', () => [{ a: 1 }, { a: 2 }])
  const counter = new Counter('things')
  const client = new grpc.Client()
  const text = (value) => typeof value
  export default function () {
    const jar = new http.CookieJar()
    jar.set('http://a/', 'c', '1')
    jar.set('http://a/x', 'c', '2', { path: '/x' })
    console.log(jar.cookiesForURL('http://a/x').c.length, md5('x', 'hex'), createHash('md5').digest('hex'))
    console.log(encoding.b64encode('x'), list[1].a, Object.keys(list).length, exec.vu.idInTest, check(1, { one: (n) => n === 1 }))
    counter.add(1, { tag: 'x' })
    new ReadableStream({ start(c) { c.enqueue(1); c.close() } }).getReader()
    try { client.connect(1) } catch (e) { console.log(e.name) }
    try { client.connect('127.0.0.1:1', { tls: { cacerts: ['x', 'y'] }, timeout: [1] }) } catch (e) { console.log(e.name) }
    console.log([1, [2], { a: new Date(0) }], text(secrets.get), text(csv.parse), text(fs.open), text(timers.setTimeout))
  }`

const expected = [
  '2 9dd4e461268c8034f5c8564e155c67a6 d41d8cd98f00b204e9800998ecf8427e',
  'eA== 2 2 1 true',
  'GoError',
  'GoError',
  '[ 1, [ 2 ], { a: "1970-01-01T00:00:00.000Z" } ] function function function function',
]

describeInVmThread(
  'The modules of k6 in a script that replaced built-ins before they were there',
  import.meta.url,
  (it) => {
    for (const [what, poison] of [
      ['no setter on Array.prototype gets what they list', 'for (const i of [0, 1, 2]) put(Array.prototype, i)'],
      ['no setter on Object.prototype does', 'for (const i of [0, 1, 2]) put(Object.prototype, i)'],
      [
        'nor does one for a name that they use',
        "for (const name of ['cookies', 'get', 'set', 'hash', 'name', 'vu', 'value', 'body']) put(Object.prototype, name)",
      ],
      ['no iterator of lists is theirs', 'Array.prototype[Symbol.iterator] = () => { throw new Error("iterator") }'],
      ['no step of one either', 'Object.getPrototypeOf([].values()).next = () => { throw new Error("next") }'],
      [
        'no method of a Map or of a text',
        `for (const of of [Map, Set, String, Array]) {
        for (const name of Object.getOwnPropertyNames(of.prototype)) {
          if (name !== 'constructor' && name !== 'length') of.prototype[name] = () => { throw new Error(name) }
        }
      }
      String.prototype[Symbol.split] = () => ['split']`,
      ],
    ] as const) {
      it(what, async () => {
        const put = `const put = (object, name) => Object.defineProperty(object, name, {
        __proto__: null, configurable: true, get: () => undefined, set() {} })`
        const found = await scriptVm(script, { files: { 'poison.js': `${put}\n${poison}` } })
        await found.script.enter('activate', 'vu', '{}', '{}')
        assert.deepEqual(await found.script.iteration('default', 0), { kind: 'done' })
        assert.deepEqual(found.internalErrors, [])
        assert.deepEqual(found.said(), expected)
      })
    }
  },
)

/**
 * Every operation that a VM is given, called with any values that may cross and in any order: an answer that may cross back, or
 * an error that is meant for a script. The guest half does not stand in between.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc, { type Arbitrary } from 'fast-check'
import { allHostModules } from '../../host/index.js'
import type { VuContext } from '../../host/vu-context.js'
import { packageRoot } from '../../package-root.js'
import { guestErrorOf } from '../../runtime/guest-error.js'
import type { Operation } from '../../runtime/host-module.js'
import { type Crossing, SharedBytes, Utf8Text } from '../../runtime/js-value.js'
import * as certificates from '../../test/host/x509/certificates.js'
import { loneVu } from '../lone-vu.js'
import { assertClean, bytesOf, type FuzzTarget, textOf } from '../target.js'
import { hostileJson, hostileText } from '../texts.js'
import { callParams, connectParams, requestSpec } from './grpc-params.js'

/** How long an operation may wait for something before the iteration is over. */
const patienceMs = 20
const maxCalls = 8

const operations = new Map<string, Operation<VuContext>>(
  (await allHostModules()).flatMap((module) =>
    Object.entries(module.operations).map(([name, run]) => [`${module.name}.${name}`, run]),
  ),
)
const names = [...operations.keys()]

const files = new Map<string, Uint8Array>([
  ['kinds.proto', readFileSync(join(packageRoot, 'test/protos/kinds.proto'))],
  ['kinds.protoset', readFileSync(join(packageRoot, 'test/protos/kinds.protoset'))],
  ['echo.proto', readFileSync(join(packageRoot, 'test/protos/echo.proto'))],
  ['a.csv', bytesOf('a,b\n1,"2"\n"x\ny",3\n')],
])

const small = fc.integer({ min: -1, max: 4 })
const texts = fc.constantFrom(
  ...[
    'a',
    '',
    'kinds.proto',
    '["kinds.proto"]',
    '["echo.proto"]',
    'kinds.protoset',
    'a.csv',
    ',',
    'sha256',
    'md5',
    'hex',
    'binary',
    'counter',
    'trend',
  ],
  ...[
    '127.0.0.1:1',
    'http://127.0.0.1:1/',
    'kinds.KindService/Echo',
    '[]',
    '{}',
    '[["a","b"]]',
    'file:///w/x.js',
    'info',
    'encrypt',
    'generateKey',
  ],
  ...Object.values(certificates),
)
/** Values in the encoding of this target: `{"b": …}` are bytes in base64, `{"n": …}` numbers that JSON has not. */
const value: Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: small },
  { weight: 4, arbitrary: texts },
  fc.oneof(hostileText, hostileJson),
  fc.constantFrom(
    true,
    false,
    null,
    { u: 1 },
    { n: 'NaN' },
    { n: '-Infinity' },
    { n: '-0' },
    1e21,
    2 ** 31,
    -(2 ** 53),
    0.5,
  ),
  fc.uint8Array({ maxLength: 20 }).map((bytes) => ({ b: Buffer.from(bytes).toString('base64') })),
  fc.oneof(connectParams, callParams, requestSpec).map((one) => JSON.stringify(one)),
)
const call = fc.tuple(fc.constantFrom(...names), fc.array(value, { maxLength: 7 }))

/** Programs that get somewhere before they go wrong. */
const beginnings: readonly unknown[][] = [
  [
    ['grpc.create', []],
    ['grpc.load', [0, { u: 1 }, '["kinds.proto"]']],
    ['metrics.tagSet', ['[["a","b"]]']],
  ],
  [
    ['grpc.create', []],
    ['grpc.loadProtoset', [0, 'kinds.protoset']],
    ['metrics.tagSet', ['[]']],
  ],
  [
    ['metrics.tagSet', ['[]']],
    ['http.newJar', []],
    ['http.setCookie', [1, 'http://a/', 'b', 'c', '{}']],
  ],
  [
    ['fs.open', ['a.csv', 'file:///w/', 'file:///w/']],
    ['csv.parser', [0, ',', false, 0, { u: 1 }, true]],
  ],
  [
    ['crypto.start', ['sha256']],
    ['metrics.ring', [4096]],
  ],
  [
    ['metrics.declare', ['x', 'counter', false]],
    ['metrics.tagSet', ['[]']],
    ['metrics.series', ['x', 0, '[]']],
  ],
  [
    ['data.claim', ['a']],
    ['data.append', ['a', '1\n']],
  ],
  [],
]
const programs = fc
  .tuple(fc.constantFrom(...beginnings), fc.array(call, { maxLength: 5 }))
  .map(([first, rest]) => bytesOf(JSON.stringify([...first, ...rest])))

export const target: FuzzTarget = {
  seeds: () => [
    ...names.map((name) => bytesOf(JSON.stringify([[name, []]]))),
    ...beginnings.map((one) => bytesOf(JSON.stringify(one))),
  ],
  structured: programs,
  words: [...names.map((name) => `["${name}",[`), '0,', '1,', '"[]",', '"{}",', 'null,', '{"u":1},', '{"b":"AAA="},'],
  async run(bytes) {
    const calls = callsOf(bytes)
    if (calls === undefined) return 'no calls'
    const internal: unknown[] = []
    const vu = loneVu(files, (e) => internal.push(e))
    const answers: string[] = []
    try {
      for (const [name, args] of calls) answers.push(await perform(vu, name, args, bytes))
    } finally {
      vu.abort.abort()
      vu.tasks.clear()
      vu.close()
    }
    // What was begun and not waited for has its say now.
    await new Promise((resolve) => setImmediate(resolve))
    if (internal.length > 0) throw internal[0]
    return answers.join()
  },
}

async function perform(vu: VuContext, name: string, args: Crossing[], input: Uint8Array): Promise<string> {
  try {
    const result = operations.get(name)!(vu, ...args)
    const value = result instanceof Promise ? await withPatience(vu, result) : result
    assertCrosses(name, value)
    return `${name} ${typeof value}`
  } catch (e) {
    const shown = guestErrorOf(e)
    if (shown === undefined) throw e
    assertClean(shown.message, input)
    return `${name} ${shown.guestName} ${shown.message.replace(/\d+/g, '0').slice(0, 30)}`
  }
}

async function withPatience(vu: VuContext, result: Promise<Crossing>): Promise<Crossing> {
  const timer = setTimeout(() => vu.abort.abort(), patienceMs)
  try {
    return await result
  } finally {
    clearTimeout(timer)
    vu.renew()
  }
}

function assertCrosses(name: string, value: Crossing): void {
  const isObject = typeof value === 'object' && value !== null
  assert.ok(typeof value !== 'function' && typeof value !== 'symbol' && typeof value !== 'bigint', name)
  if (!isObject) return
  assert.ok(
    value instanceof Uint8Array || value instanceof SharedBytes || value instanceof Utf8Text,
    `${name} gives an object`,
  )
  const byteLength = value.byteLength
  assert.ok(
    Number.isInteger(byteLength) && byteLength >= 0 && byteLength < 64 * 1024 * 1024,
    `${name} gives ${byteLength} bytes`,
  )
  if (value instanceof SharedBytes) value.placed(0)
}

function callsOf(bytes: Uint8Array): [string, Crossing[]][] | undefined {
  let json: unknown
  try {
    json = JSON.parse(textOf(bytes))
  } catch {
    return undefined
  }
  if (!Array.isArray(json)) return undefined
  const calls: [string, Crossing[]][] = []
  for (const item of json.slice(0, maxCalls)) {
    if (!Array.isArray(item) || !operations.has(item[0]) || !Array.isArray(item[1])) continue
    calls.push([item[0], item[1].slice(0, 8).map(crossingOf)])
  }
  return calls
}

function crossingOf(value: unknown): Crossing {
  if (typeof value !== 'object' || value === null) return value as Crossing
  const { b, n } = value as { b?: unknown; n?: unknown }
  if (typeof b === 'string') return new Uint8Array(Buffer.from(b, 'base64'))
  return typeof n === 'string' ? Number(n) : undefined
}

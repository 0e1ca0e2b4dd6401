import assert from 'node:assert/strict'
import { ScriptFailure } from '../../engine/script-failure.js'
import type { Outcome } from '../../runtime/event-loop.js'
import { describeInVmThread } from '../support/in-vm-thread.js'
import { type ScriptVmOptions, scriptVm } from '../support/script-vm.js'

/** Init and one iteration of `default`. */
async function iterate(source: string, options: ScriptVmOptions = {}) {
  const found = await scriptVm(source, options)
  await found.script.enter('activate', 'vu', '{}', '{}')
  const outcome = await found.script.iteration('default', 0)
  return { ...found, outcome }
}

async function said(source: string, options: ScriptVmOptions = {}): Promise<string[]> {
  const found = await iterate(source, options)
  assert.deepEqual(found.outcome, { kind: 'done' })
  assert.deepEqual(found.internalErrors, [])
  return found.said()
}

async function failureOf(source: string): Promise<{ text: string; frames: string; isFromPromise: boolean }> {
  const { outcome } = await iterate(source)
  assert.equal(outcome.kind, 'failed')
  return (outcome as Extract<Outcome, { kind: 'failed' }>).failure
}

/** What a hostile script may do to the built-ins before anything of ours runs again. */
const poison: Record<string, string> = {
  'Object.prototype.toJSON': "Object.prototype.toJSON = () => 'poison'",
  'Array.prototype.toJSON': "Array.prototype.toJSON = () => 'poison'",
  'String.prototype.toJSON': "String.prototype.toJSON = () => 'poison'",
  JSON: "globalThis.JSON = { parse: () => ({ poison: 1 }), stringify: () => 'poison' }",
  'methods of JSON': "JSON.parse = () => ({ poison: 1 }); JSON.stringify = () => 'poison'",
  'methods of Array.prototype': `for (const name of Object.getOwnPropertyNames(Array.prototype)) {
    if (typeof Array.prototype[name] === 'function') Array.prototype[name] = () => 'poison' }`,
  'the iterator of arrays': "Array.prototype[Symbol.iterator] = function* () { yield 'poison' }",
  'methods of Map.prototype': `for (const name of ['get', 'set', 'has', 'delete', 'clear', 'forEach', 'keys', 'entries']) {
    Map.prototype[name] = () => 'poison' }; Object.defineProperty(Map.prototype, 'size', { get: () => 0 })`,
  'methods of String.prototype': `for (const name of Object.getOwnPropertyNames(String.prototype)) {
    if (typeof String.prototype[name] === 'function' && !/^con(structor|cat)$/.test(name)) String.prototype[name] = () => 'poison' }`,
  'methods of RegExp.prototype':
    "RegExp.prototype.exec = () => ['poison']; RegExp.prototype[Symbol.replace] = () => 'poison'",
  'methods of Function.prototype':
    "for (const name of ['call', 'apply', 'bind', 'toString']) Function.prototype[name] = () => 'poison'",
  'Promise.prototype.then': "Promise.prototype.then = () => 'poison'; Promise.resolve = () => 'poison'",
  'statics of Object': `for (const name of ['keys', 'entries', 'hasOwn', 'create', 'assign', 'defineProperty', 'getPrototypeOf', 'freeze']) {
    Object[name] = () => ['poison'] }`,
  'getters on Object.prototype': `for (const name of ['then', 'name', 'error', 'value', 'group', 'options', 'tags', 'text', 'frames']) {
    Object.defineProperty(Object.prototype, name, { __proto__: null, get: () => 'poison', configurable: true }) }`,
  constructors: `for (const name of ['Map', 'Error', 'TypeError', 'Promise', 'Uint8Array', 'Float64Array', 'String', 'Number', 'Proxy', 'Date']) {
    globalThis[name] = function () { throw 'poison' } }`,
  'Error.prototype': "Error.prototype.toString = () => 'poison'; Error.prototype.name = 'poison'",
}

describeInVmThread('a script that replaces built-ins', import.meta.url, (it) => {
  it('has the text of its own functions, and not of those that it is given', async () => {
    const lines = await said(
      `import grpc from 'k6/net/grpc'
      import { up } from './es.js'
      const { down } = require('./cjs.js')
      const made = new Function('a', 'return a')
      console.log([() => 1, function two() {}, class Three {}, up, down, made].map(String).join('|').replace(/\\n/g, '~'))
      console.log(String(console.log).includes('native code'), String(grpc.Client).includes('native code'))
      export default function () { console.log(new Function('b', 'return b')) ; console.log(String(eval('(c) => c'))) }`,
      { files: { 'es.js': 'export function up(n) { return n }', 'cjs.js': 'exports.down = (n) => -n' } },
    )
    assert.deepEqual(lines, [
      '() => 1|function two() {}|class Three {}|function up(n) { return n }|(n) => -n|function anonymous(a~) {~return a~}',
      'true true',
      '[object Function]',
      '(c) => c',
    ])
  })

  for (const [name, source] of Object.entries(poison)) {
    it(`does not change what the host is told: ${name}`, async () => {
      const found = await scriptVm(`
        import { Counter, Trend } from 'k6/metrics'
        import { check, group, sleep } from 'k6'
        const counter = new Counter('mine')
        export const options = null
        const bytes = new ArrayBuffer(2)
        export function setup() { return { b: [1], a: undefined } }
        export async function digest() { console.log((await crypto.subtle.digest('SHA-384', bytes)).byteLength) }
        export default function () {
          console.log('line')
          sleep(0.001)
          counter.add(2, { key: 'value' })
          group('outer', () => check(1, { 'is one': 1 }))
          setTimeout(() => console.warn('timer'), 0)
        }
        export function thrower() { throw undefined }
        ${source}`)
      const { script } = found
      const { functions, others, options } = await script.exports()
      assert.deepEqual([...functions].sort(), ['default', 'digest', 'setup', 'thrower'])
      assert.deepEqual(others, ['options'])
      assert.equal(options, undefined)
      await script.enter('activate', 'vu', '{"scenario":"s"}', '{"A":"b"}')
      assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
      assert.deepEqual(found.said(), ['line', 'timer'])
      // These need modules of ours that are compiled only now.
      assert.deepEqual(await script.stage('setup', undefined), { kind: 'done' })
      assert.equal(await script.stageValue('setup'), '={"a":null,"b":[1]}')
      assert.deepEqual(await script.iteration('digest', 0), { kind: 'done' })
      assert.deepEqual(found.said().slice(2), ['48'])
      assert.deepEqual(await script.iteration('thrower', 1), {
        kind: 'failed',
        failure: { text: 'undefined', frames: '', isFromPromise: false },
      })
      const batch = found.context.services.samples.take()
      const series = batch!.series.map(({ metric, tags }) => `${metric.name} ${JSON.stringify(tags)}`)
      assert.ok(
        series.some((text) => text.includes('mine') && text.includes('value')),
        String(series),
      )
      assert.ok(series.some((text) => text.includes('checks') && text.includes('is one') && text.includes('::outer')))
      assert.equal(
        series.some((text) => text.includes('poison')),
        false,
        String(series),
      )
      assert.deepEqual(found.internalErrors, [])
    })
  }
})

describeInVmThread('an async function that fails', import.meta.url, (it) => {
  for (const [name, patch] of Object.entries({
    'Symbol.species of Promise': "Object.defineProperty(Promise, Symbol.species, { get() { throw 'species' } })",
    'the constructor of promises':
      "Object.defineProperty(Promise.prototype, 'constructor', { get() { throw 'made' } })",
  })) {
    it(`fails the iteration although the script replaced ${name}`, async () => {
      const { text, isFromPromise } = await failureOf(
        `${patch}; export default async () => { await null; throw new Error('mine') }`,
      )
      assert.deepEqual([text, isFromPromise], ['Error: mine', true])
    })
  }

  it('leaves the promise as the script made it', async () => {
    const source = `
      Object.defineProperty(Promise, Symbol.species, { get() { throw 'species' } })
      const own = Promise.resolve()
      const given = Object.assign(Promise.resolve(), { constructor: Promise })
      export default () => {
        if (__ITER === 1) console.log(Object.keys(own).length, given.constructor === Promise)
        return __ITER === 0 ? own : given
      }`
    const { script, said: told } = await scriptVm(source)
    await script.enter('activate', 'vu', '{}', '{}')
    for (const iteration of [0, 1]) assert.deepEqual(await script.iteration('default', iteration), { kind: 'done' })
    assert.deepEqual(told(), ['0 true'])
  })
})

describeInVmThread('the global Symbol', import.meta.url, (it) => {
  it('is watched for its first use, and an ordinary one from then on', async () => {
    const source = `
      export default () => {
        const kind = typeof Symbol
        const { value, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(globalThis, 'Symbol')
        console.log(kind, value === Symbol, value === Symbol('s').constructor, writable, enumerable, configurable)
        globalThis.Symbol = 5
        console.log(Symbol)
      }`
    assert.deepEqual(await said(source), ['function true true true false true', '5'])
    assert.deepEqual(await said('Symbol = 6; export default () => console.log(Symbol)'), ['6'])
  })
})

describeInVmThread('the doors of the sandbox', import.meta.url, (it) => {
  it('are not among the globals: no bridge, no host, nothing that k6 has not', async () => {
    const names = [
      '__belljar',
      'process',
      'Buffer',
      'fetch',
      'WebAssembly',
      'std',
      'os',
      'SharedArrayBuffer',
      'Atomics',
    ]
    const source = `export default () => { for (const name of ${JSON.stringify(names)}) console.log(typeof globalThis[name]) }`
    assert.deepEqual(
      await said(source),
      names.map(() => 'undefined'),
    )
  })

  it('cannot be imported: neither statically nor by import(), not even under another spelling', async () => {
    const all = [
      'belljar:boot.js',
      'belljar:entry.js',
      'belljar:k6.js',
      'belljar:k6/net/grpc.js',
      'belljar:internal/bridge.js',
      './belljar:boot.js',
      'BELLJAR:boot.js',
      'belljar:/boot.js',
      'file://belljar:boot.js',
      ' belljar:boot.js',
      'k6/../belljar:boot.js',
      'k6/../boot',
      'k6/./net/grpc',
    ]
    for (const name of all) {
      const quoted = JSON.stringify(name)
      await assert.rejects(
        scriptVm(`import * as door from ${quoted}; console.log('got', Object.keys(door)); export default () => {}`),
        (e: Error) => e.name === 'AppError',
        name,
      )
      const shut = `
        export default async () => {
          const ways = [
            () => import(${quoted}),
            () => (0, eval)('import(' + ${JSON.stringify(quoted)} + ')'),
            () => Function('return import(' + ${JSON.stringify(quoted)} + ')')(),
            () => require(${quoted}),
          ]
          for (const way of ways) try { await way(); console.log('got it') } catch (e) { console.log('refused') }
        }`
      assert.deepEqual(await said(shut), ['refused', 'refused', 'refused', 'refused'], name)
    }
  })

  it('cannot be required by CommonJS code, with a literal or without', async () => {
    for (const name of ['belljar:boot.js', 'belljar:k6.js', './belljar:boot.js', 'belljar:entry.js']) {
      const source = `
        let got = 'refused'
        try { got = Object.keys(require('${name}')).join() } catch (e) {}
        try { got = Object.keys(require(['${name}'][0])).join() } catch (e) {}
        module.exports.default = () => console.log(got)`
      assert.deepEqual(await said(source), ['refused'], name)
    }
  })

  it('cannot be imported by a CommonJS file that an ES module imports', async () => {
    for (const name of ['belljar:boot.js', 'belljar:facade/file:///test/c.cjs', 'belljar:provided.js']) {
      const source = "import { go } from './c.cjs'; export default go"
      const files = {
        'c.cjs': `exports.go = async () => { try { await import('${name}'); console.log('got it') } catch (e) { console.log(e.message) } }`,
      }
      assert.deepEqual(await said(source, { files }), ['dynamic modules not enabled in the host program'])
    }
  })

  it('do not show in stacks, names or texts of functions', async () => {
    const source = `
      import { check, sleep } from 'k6'
      import grpc from 'k6/net/grpc'
      export default () => {
        for (const f of [() => check(), () => new grpc.Client().invoke(), () => open('x'), () => require('nope')]) {
          try { f() } catch (e) { console.log(e.stack + e.message + Object.getOwnPropertyNames(e)) }
        }
        console.log(sleep.caller + '' + sleep.arguments)
      }`.replace("console.log(sleep.caller + '' + sleep.arguments)", '')
    const texts = await said(source)
    assert.equal(texts.length, 4)
    for (const text of texts) assert.doesNotMatch(text, /belljar:|node:|\/wasm|at async|\.ts:|\/home|node_modules/)
  })

  it('tell a module nothing of where it lies', async () => {
    assert.deepEqual(await said('export default () => console.log(import.meta.url)'), ['undefined'])
  })

  it('do not depend on a method that the engine calls for template literals', async () => {
    const source = `export default () => { try { String.prototype.concat = () => 'poison' } catch (e) { console.log(e.name) } }`
    assert.deepEqual(await said(source), ['TypeError'])
  })

  it('keep one VM from the objects of another', async () => {
    const source =
      'globalThis.seen = (globalThis.seen ?? 0) + 1; Object.prototype.mark = 1; export default () => console.log(seen)'
    assert.deepEqual(await said(source), ['1'])
    assert.deepEqual(await said('export default () => console.log(typeof seen, ({}).mark)'), ['undefined undefined'])
  })
})

describeInVmThread('modules', import.meta.url, (it) => {
  const files = {
    'a.mjs': "console.log('a runs'); export const a = 1; export default 'default of a'",
    'b.cjs': "console.log('b runs'); exports.b = require('./a.mjs').a + 1; exports.sleep = typeof require('k6').sleep",
    'c.cjs': "module.exports = class C { b = require('./b.cjs').b }",
  }

  it('of both formats import one another, and each runs once', async () => {
    const source = `
      import all, { b, nope } from './b.cjs'
      import C from './c.cjs'
      import * as a from './a.mjs'
      export default () => console.log(b, all.sleep, nope, new C().b, a.a, a.default, require('./b.cjs') === all)`
    assert.deepEqual(await said(source, { files }), ['a runs', 'b runs', '2 function undefined 2 1 default of a true'])
  })

  it('may import one another in a circle', async () => {
    const circle = {
      'x.mjs': "import { y } from './y.mjs'; export const x = () => y() + 1",
      'y.mjs': "import { x } from './x.mjs'; export const y = () => typeof x === 'function' ? 1 : 0",
      'x.cjs': "exports.first = 1; exports.other = require('./y.cjs').seen",
      'y.cjs': "exports.seen = require('./x.cjs').first",
    }
    const source =
      "import { x } from './x.mjs'; import { other } from './x.cjs'; export default () => console.log(x(), other)"
    assert.deepEqual(await said(source, { files: circle }), ['2 1'])
  })

  it('cannot be imported dynamically, not even those that are there', async () => {
    const source = `
      import './a.mjs'
      const wait = import('./a.mjs').catch((e) => console.log('init', e.name, e.message))
      export default async () => {
        for (const name of ['./a.mjs', './late.mjs', 'k6', 'https://x.test/a.js']) {
          try { await import(name) } catch (e) { console.log(e.name + ': ' + e.message) }
        }
      }`
    const refused = 'TypeError: dynamic modules not enabled in the host program'
    const lines = [
      'a runs',
      refused.replace(': d', ' d').replace('TypeError', 'init TypeError'),
      ...Array(4).fill(refused),
    ]
    assert.deepEqual(await said(source, { files }), lines)
  })

  it('that are not known beforehand are read when they are required, in the first init', async () => {
    const late = {
      'late1.cjs': "exports.name = 'one'; exports.inner = require('./' + 'late2.cjs')",
      'late2.cjs': "exports.name = 'two'",
      'late.mjs': 'export const x = 1',
    }
    const source = `
      const found = require('./late' + 1 + '.cjs')
      for (const name of ['./nope.cjs', './late.mjs']) {
        try { require(name) } catch (e) { console.log(e.message.slice(0, 50)) }
      }
      export default () => console.log(found.name, found.inner.name)`
    assert.deepEqual(await said(source, { files: late }), [
      `The moduleSpecifier "./nope.cjs" couldn't be found`,
      'require() of ./late.mjs: write the name as a liter',
      'one two',
    ])
  })

  it('may be required by ES modules, too', async () => {
    const source =
      "const { b } = require('./b.cjs'); const { a } = require('./a.mjs'); export default () => console.log(a, b)"
    assert.deepEqual(await said(source, { files }), ['a runs', 'b runs', '1 2'])
  })

  it('are given their values from JSON files, whatever has become of JSON.parse', async () => {
    const json = { 'x.json': '{"__proto__": 1, "list": [1, {"a": 2}], "name": "x"}', 'bad.json': '{"a": }' }
    const source = `
      import whole, { name } from './x.json'
      import again from './x.json' with { type: 'json' }
      JSON.parse = () => 'mine'
      const required = require('./x.json')
      let error
      try { require('./bad.json') } catch (e) { error = e }
      export default () => console.log(JSON.stringify(whole), name, whole === again, whole === required, error.name + ': ' + error.message)`
    const [text] = await said(source, { files: json })
    assert.match(
      text!,
      /^\{"__proto__":1,"list":\[1,\{"a":2\}\],"name":"x"\} x true true SyntaxError: file:\/\/\/test\/bad\.json is not JSON: /,
    )
  })

  it('that are ES modules have neither module nor exports, and say so in the words of k6', async () => {
    const source = `
      const seen = []
      for (const f of [() => module.exports, () => typeof exports, () => { module.exports = {} }]) {
        try { f(); seen.push('nothing') } catch (e) { seen.push(e.name + ': ' + e.message.slice(0, 47)) }
      }
      globalThis.exports = 5
      export default () => { for (const text of seen) console.log(text); console.log(exports) }`
    const told = (name: string) => `GoError: you are trying to access identifier "${name}", this`.slice(0, 56)
    assert.deepEqual(
      (await said(source)).map((text) => text.slice(0, 56)),
      [told('module'), told('exports'), told('module'), '5'],
    )
  })

  it('that k6 removed throw where they are imported or required', async () => {
    const text = /^GoError: k6\/experimental\/grpc has been graduated, please use k6\/net\/grpc instead\./
    await assert.rejects(said("import 'k6/experimental/grpc'; export default () => {}"), (e: ScriptFailure) => {
      assert.match(e.failure.text, text)
      return true
    })
    const [caught] = await said(`
      let text = ''
      try { require('k6/experimental/grpc') } catch (e) { text = e.name + ': ' + e.message }
      exports.default = () => console.log(text)`)
    assert.match(caught!, text)
  })

  it('of k6 have a default among their names only where a file asks for it', async () => {
    const names = "export default () => console.log('default' in all, all.check === check)"
    const named = "import * as all from 'k6'; import { check } from 'k6';"
    assert.deepEqual(await said(`${named} ${names}`), ['false true'])
    assert.deepEqual(await said(`${named} import k6 from 'k6'; ${names}`), ['true true'])
  })

  it('that are missing can be tested for by require', async () => {
    const source = `let found = 'nothing'
      try { found = require('./nope.cjs') } catch (e) { found = e.message }
      exports.default = () => console.log(found)`
    const [text] = await said(source)
    assert.match(text!, /^The moduleSpecifier "\.\/nope\.cjs" couldn't be found on local disk/)
  })
})

describeInVmThread('a thrown value', import.meta.url, (it) => {
  const values: Record<string, [expression: string, text: string | RegExp]> = {
    'an error': ["new Error('boom')", 'Error: boom'],
    'an error of another class': ["new TypeError('boom')", 'TypeError: boom'],
    'a class of the script': ["new (class Own extends Error { name = 'Own' })('boom')", 'Own: boom'],
    text: ["'plain'", 'plain'],
    'an empty text': ["''", ''],
    'a number': ['42', '42'],
    'a BigInt': ['10n', '10'],
    'a symbol': ["Symbol('s')", 'Symbol(s)'],
    null: ['null', 'null'],
    undefined: ['undefined', 'undefined'],
    'an object': ['({ a: 1 })', '[object Object]'],
    'an object without a prototype': ['Object.create(null)', '[object Object]'],
    'a function': ['function f() {}', /^function f/],
    'a Proxy': ["new Proxy({}, { get() { throw 'trap' }, getPrototypeOf() { throw 'trap' } })", '[object Object]'],
    'a revoked Proxy': [
      '(() => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy })()',
      '[object Object]',
    ],
    'getters that throw': [
      "Object.defineProperties(new Error('x'), { stack: { get() { throw 1 } }, message: { get() { throw 2 } } })",
      '[object Object]',
    ],
    'a toString that throws': ['({ toString() { throw 1 } })', '[object Object]'],
    'a toString that is no text': ['({ toString() { return {} } })', '[object Object]'],
    'a message that is an object': [
      "Object.assign(new Error(''), { message: { toString: () => 'deep' } })",
      'Error: deep',
    ],
    'a stack that is a number': ["Object.assign(new Error('boom'), { stack: 5 })", 'Error: boom'],
  }
  for (const [name, [expression, expected]] of Object.entries(values)) {
    it(`is told as text, whatever it is: ${name}`, async () => {
      const { text } = await failureOf(`const make = () => ${expression}; export default () => { throw make() }`)
      if (typeof expected === 'string') assert.equal(text, expected)
      else assert.match(text, expected)
      const rejected = await failureOf(
        `const make = () => ${expression}; export default async () => { await null; throw make() }`,
      )
      assert.equal(rejected.text, text)
      assert.equal(rejected.isFromPromise, true)
      await assert.rejects(scriptVm(`throw ${expression}; export default () => {}`), (e) => {
        assert.ok(e instanceof ScriptFailure)
        assert.equal(e.failure.text, text)
        return true
      })
    })
  }

  it('is cut when it is megabytes long', async () => {
    const big = await failureOf("export default () => { throw new Error('m'.repeat(5e6)) }")
    assert.ok(big.text.length < 5000)
    const stack = await failureOf(`export default () => {
      throw Object.assign(new Error('x'), { stack: '    at f (file:///test/script.js:1:1)\\n'.repeat(1e5) }) }`)
    assert.ok(stack.frames.length < 64 * 1024)
  })

  it('comes with the places in the files of the script, and with no others', async () => {
    const { text, frames } = await failureOf(`import { group } from 'k6'
function thrower() { throw new Error('here') }
export default function () { group('g', () => thrower()) }`)
    assert.equal(text, 'Error: here')
    assert.match(frames, /^\tat thrower \(file:\/\/\/test\/script\.js:2:\d+\)\n/)
    assert.doesNotMatch(frames, /belljar|native/)
    assert.match(frames, /script\.js:3:/)
  })

  it('leaves the VM usable', async () => {
    const found = await scriptVm('let n = 0; export default () => { n++; if (n % 2) throw n; console.log(n) }')
    for (let i = 0; i < 10; i++) await found.script.iteration('default', i)
    assert.deepEqual(found.said(), ['2', '4', '6', '8', '10'])
  })
})

describeInVmThread('an iteration', import.meta.url, (it) => {
  it('ends when nothing is left to do, in the order of the event loop', async () => {
    const source = `
      export default async function () {
        setTimeout(() => console.log('timer 10'), 10)
        setTimeout(() => { console.log('timer 0'); Promise.resolve().then(() => console.log('job of a timer')) }, 0)
        Promise.resolve().then(() => console.log('job'))
        console.log('start')
        await null
        console.log('after await')
      }`
    assert.deepEqual(await said(source), ['start', 'job', 'after await', 'timer 0', 'job of a timer', 'timer 10'])
  })

  it('ends although a promise stays open that nothing can settle', async () => {
    assert.deepEqual(await said("export default async () => { console.log('in'); await new Promise(() => {}) }"), [
      'in',
    ])
  })

  it('takes an object with a then of its own for a plain result', async () => {
    assert.deepEqual(
      await said("export default () => { console.log('in'); return { then() { console.log('called') } } }"),
      ['in'],
    )
  })

  it('that is interrupted leaves nothing behind for the next one: no timers, no jobs, no group', async () => {
    const found = await scriptVm(`
      import { group, sleep } from 'k6'
      let n = 0
      export default function () {
        n++
        console.log('iteration ' + n)
        if (n > 1) return
        setTimeout(() => console.log('late timer'), 0)
        Promise.resolve().then(() => { console.log('late job') })
        group('g', () => { try { sleep(100) } finally { console.log('finally') } })
      }`)
    await found.script.enter('activate', 'vu', '{}', '{}')
    const first = found.script.iteration('default', 0)
    await new Promise((resolve) => setTimeout(resolve, 20))
    found.script.interrupt()
    assert.deepEqual(await first, { kind: 'interrupted' })
    assert.deepEqual(await found.script.iteration('default', 1), { kind: 'done' })
    const kept = found.said().filter((text) => !text.startsWith('setTimeout'))
    assert.deepEqual(kept, ['iteration 1', 'iteration 2'])
  })
})

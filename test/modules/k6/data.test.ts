/** What a script sees of `k6/data`, in a real VM. What several VUs see together is in test/engine/shared-arrays.test.ts. */
import assert from 'node:assert/strict'
import { describeInVmThread } from '../../support/in-vm-thread.js'
import { type ScriptVmOptions, scriptVm } from '../../support/script-vm.js'

const prelude = `
  import data, { SharedArray } from 'k6/data'
  const t = (f) => { try { console.log(JSON.stringify(f())) } catch (e) { console.log(e.name + ': ' + e.message) } }
`

async function said(source: string, options?: ScriptVmOptions): Promise<string[]> {
  const { script, said } = await scriptVm(`${prelude}${source}`, options)
  await script.enter('activate', 'vu', '{}', '{}')
  assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
  return said()
}

describeInVmThread('k6/data', import.meta.url, (it) => {
  it('gives each element as JSON had it, anew at each read', async () => {
    assert.deepEqual(
      await said(`
        const list = [{ d: new Date(0), u: undefined, f() {}, nan: NaN, map: new Map([[1, 2]]) }, [1, [2]], 'ü\\0\\ud800😀"', 4, null, true]
        const a = new SharedArray('a', () => list)
        list[3] = 5
        export default function () {
          for (let i = 0; i < a.length; i++) t(() => a[i])
          t(() => [a[0] === a[0], a[2] === a[2], a.length, typeof a])
        }`),
      [
        '{"d":"1970-01-01T00:00:00.000Z","nan":null,"map":{}}',
        '[1,[2]]',
        '"ü\\u0000\\ud800😀\\""',
        '4',
        'null',
        'true',
        '[false,true,6,"object"]',
      ],
    )
  })

  it('throws when an element is read that JSON cannot hold, and when one is made that cannot be written', async () => {
    const text = "SyntaxError: invalid character 'u' looking for beginning of value"
    assert.deepEqual(
      await said(`
        const a = new SharedArray('a', () => [undefined, () => 1, Symbol('s'), , 1])
        t(() => new SharedArray('b', () => [1n]))
        t(() => { const cycle = []; cycle.push(cycle); return new SharedArray('b', () => cycle) })
        export default function () { for (let i = 0; i < 5; i++) t(() => a[i]) }`),
      [
        'TypeError: Do not know how to serialize a BigInt',
        'TypeError: circular reference',
        text,
        text,
        text,
        text,
        '1',
      ],
    )
  })

  it('is an array in all that scripts do with one', async () => {
    assert.deepEqual(
      await said(`
        const a = new SharedArray('a', () => [{ n: 1 }, { n: 2 }, 'three'])
        export default function () {
          t(() => [Array.isArray(a), a instanceof Array, a.constructor === Array, Object.prototype.toString.call(a)])
          t(() => [...a])
          t(() => { let n = 0; for (const x of a) n++; a.forEach(() => n++); return n })
          t(() => [a.map((x) => x.n ?? x), a.filter((x) => x.n), a.find((x) => x.n === 2), a.slice(-2), a.concat([4]).length])
          t(() => [a.indexOf('three'), a.includes('four'), a.at(-1), a.join('+'), a.reduce((n, x) => n + (x.n ?? 0), 0)])
          t(() => a)
          t(() => { const [first, ...rest] = a; return [first, rest.length] })
          t(() => [0 in a, 2 in a, 3 in a, -1 in a, '01' in a, 'length' in a, 'map' in a, 'x' in a])
          t(() => [Object.keys(a), Object.entries(a).length, Object.getOwnPropertyNames(a)])
          t(() => Object.getOwnPropertyDescriptor(a, 2))
          t(() => [a[3], a[-1], a['01'], a['1.0'], a['1e0'], a[1.5], a[4294967295], a[1e21], a.x, a[Symbol('x')]].map((x) => x === undefined))
          t(() => a[Symbol.iterator] === Array.prototype[Symbol.iterator])
          t(() => structure(a))
        }
        const structure = (x) => [Object.isExtensible(x), Object.isFrozen(x), Object.isFrozen(x[0])]`),
      [
        '[true,true,true,"[object Array]"]',
        '[{"n":1},{"n":2},"three"]',
        '6',
        '[[1,2,"three"],[{"n":1},{"n":2}],{"n":2},[{"n":2},"three"],4]',
        '[2,false,"three","[object Object]+[object Object]+three",3]',
        '[{"n":1},{"n":2},"three"]',
        '[{"n":1},2]',
        '[true,true,false,false,false,true,true,false]',
        '[["0","1","2"],3,["0","1","2","length"]]',
        '{"value":"three","writable":true,"enumerable":true,"configurable":true}',
        `[${'true,'.repeat(9)}true]`,
        'true',
        '[true,false,true]',
      ],
    )
  })

  it('refuses every change, in CommonJS code too', async () => {
    const changes = [
      ...[
        'a.push(1)',
        'a.pop()',
        'a.shift()',
        'a.unshift(1)',
        'a.splice(0, 1)',
        'a.sort()',
        'a.reverse()',
        'a.fill(0)',
      ],
      ...[
        'a.length = 0',
        'a[0] = 1',
        'a[9] = 1',
        'a.foo = 1',
        'a[Symbol.iterator] = 1',
        'delete a[0]',
        'Object.freeze(a)',
      ],
      ...['Object.assign(a, [1])', "Object.defineProperty(a, 'x', { value: 1 })", 'Object.setPrototypeOf(a, null)'],
    ]
    const { script, said } = await scriptVm(
      `const { SharedArray } = require('k6/data')
      const a = new SharedArray('a', () => [2, 1])
      exports.default = () => {
        ${changes.map((change) => `try { ${change}; console.log(${JSON.stringify(change)}) } catch (e) { console.log(e.name + e.message) }`).join('\n')}
        console.log(delete a.foo, delete a[9], JSON.stringify(a))
      }`,
    )
    await script.iteration('default', 0)
    assert.deepEqual(said(), [...changes.map(() => 'TypeErrorSharedArray is immutable'), 'true true [2,1]'])
  })

  it('freezes what it gives, through and through', async () => {
    assert.deepEqual(
      await said(`
        const a = new SharedArray('a', () => [{ n: 1, deep: [{ x: [1] }], ['__proto__']: { y: 1 } }])
        export default function () {
          for (const f of [() => { a[0].n = 2 }, () => { a[0].deep[0].x.push(1) }, () => { delete a[0].deep }, () => { a[0].new = 1 }]) {
            try { f(); console.log('changed') } catch (e) { console.log(e.name) }
          }
          t(() => [Object.isFrozen(a[0].deep[0].x), Object.isFrozen(Object.getOwnPropertyDescriptor(a[0], '__proto__').value)])
        }`),
      ['TypeError', 'TypeError', 'TypeError', 'TypeError', '[true,true]'],
    )
  })

  it('has the errors of k6', async () => {
    assert.deepEqual(
      await said(`
        const a = new SharedArray('a', () => [1])
        t(() => new SharedArray('', () => []))
        t(() => new SharedArray('x'))
        t(() => new SharedArray('a', async () => []))
        for (const made of [{}, 'text', { length: 1 }, undefined, null, Promise.resolve([])]) t(() => new SharedArray('x', () => made))
        t(() => new SharedArray('x', () => { throw new RangeError('inside') }))
        t(() => new SharedArray('x', () => [{ toJSON() { throw new RangeError('at the end') } }]))
        t(() => new SharedArray('x', () => new SharedArray('x', () => [])))
        t(() => SharedArray('x', () => []))
        t(() => [new SharedArray('x', () => [1, 2]), new SharedArray('a', () => { throw 1 }), new data.SharedArray('a', () => {})])
        export default function () { t(() => new SharedArray('a', () => [])) }`),
      [
        "GoError: empty name provided to SharedArray's constructor",
        "GoError: a function is expected as the second argument of SharedArray's constructor",
        'GoError: SharedArray constructor does not support async functions as second argument',
        ...Array.from({ length: 6 }, () => 'GoError: only arrays can be made into SharedArray'),
        'RangeError: inside',
        'RangeError: at the end',
        'GoError: the function that makes a SharedArray asks for that SharedArray itself',
        "TypeError: the constructor of SharedArray cannot be invoked without 'new'",
        '[[1,2],[1],[1]]',
        'GoError: new SharedArray must be called in the init context',
      ],
    )
  })

  it('makes arrays inside of others, and from ones that are shared', async () => {
    assert.deepEqual(
      await said(`
        const a = new SharedArray('a', () => new SharedArray('b', () => [{ n: 1 }]).map((x) => [x, new SharedArray('c', () => [7])]))
        export default function () { t(() => a) }`),
      ['[[{"n":1},[7]]]'],
    )
  })

  it('ends with an error at the limit of the run', async () => {
    assert.deepEqual(
      await said(
        `t(() => new SharedArray('a', () => Array.from({ length: 100 }, () => 'x'.repeat(1000))))
        export default function () {}`,
        { limits: { sharedArrayBytes: 50_000 } },
      ),
      ['GoError: the SharedArrays of a run may have 50000 bytes of JSON in all (limit sharedArrayBytes)'],
    )
  })

  it('works although the script replaced the built-ins', async () => {
    assert.deepEqual(
      await said(`
        const say = console.log
        const { stringify } = JSON
        JSON.parse = JSON.stringify = Object.freeze = Object.values = Reflect.get = Array.isArray = () => 'mine'
        Number.prototype.toString = String.prototype.toString = Array.prototype.push = () => 'mine'
        Object.prototype.get = Object.prototype.set = Object.prototype.value = 'mine'
        const a = new SharedArray('a', () => [{ n: [1] }, 'two'])
        export default function () { say(stringify(a[0]), a[1], a.length) }`),
      ['{"n":[1]} two 2'],
    )
  })

  it('never has all elements in the memory of the VM', async () => {
    const { script } = await scriptVm(`
      import { SharedArray } from 'k6/data'
      const large = 'x'.repeat(10000)
      const a = new SharedArray('a', () => Array.from({ length: 3000 }, () => large))
      export default function () { let n = 0; for (const x of a) n += x.length; if (n !== 30e6) throw new Error(n) }`)
    const before = script.vm.memory.byteLength
    assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
    assert.ok(before < 20e6, `${before} bytes after the init code, of an array of 30 MB`)
    assert.ok(script.vm.memory.byteLength - before < 1e6, `${script.vm.memory.byteLength} bytes after reading all`)
  })
})

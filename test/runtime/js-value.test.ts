import assert from 'node:assert/strict'
import type { Crossing } from '../../runtime/js-value.js'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

/** What the host gets when the guest passes the value of an expression, after some statements. */
async function received(expression: string, before = ''): Promise<Crossing[]> {
  const seen: Crossing[] = []
  const vm = await BareVm.create({
    operations: {
      take(_vu, ...args) {
        seen.push(...args)
        return undefined
      },
    },
  })
  const answer = await vm.evaluate(`${before}; op('take', ${expression})`)
  assert.equal(answer, undefined)
  return seen
}

/** The error that the guest catches when it passes the value of an expression; and whether any of its code ran. */
async function refused(expression: string): Promise<Crossing> {
  const vm = await BareVm.create({ operations: { take: () => 'taken' } })
  return vm.evaluate(`
    globalThis.ran = 0
    const touch = () => { ran++; return 'touched' }
    try { return op('take', ${expression}) } catch (e) { return e.name + ': ' + e.message + ' ' + ran }`)
}

describeInVmThread('ValueReader', import.meta.url, (it) => {
  it('reads numbers exactly: integers, fractions, -0, NaN and infinities', async () => {
    const numbers = '0, 1, -1, 2147483647, -2147483648, 2147483648'
    assert.deepEqual(await received(numbers), [0, 1, -1, 2147483647, -2147483648, 2147483648])
    const [zero, nan, up, down, tiny, huge, half] = await received(
      '-0, NaN, 1/0, -1/0, 5e-324, 1.7976931348623157e308, 0.5',
    )
    assert.ok(Object.is(zero, -0))
    assert.ok(Number.isNaN(nan))
    assert.deepEqual([up, down, tiny, huge, half], [Infinity, -Infinity, 5e-324, Number.MAX_VALUE, 0.5])
  })

  it('reads NaN of every bit pattern as NaN', async () => {
    const before = 'const words = new Uint32Array(2), doubles = new Float64Array(words.buffer)'
    for (const [low, high] of [
      [1, 0x7ff80000],
      [0xffffffff, 0xffffffff],
      [0, 0xfff80001],
      [7, 0x7ff00000],
    ]) {
      const [value] = await received('doubles[0]', `${before}; words[0] = ${low}; words[1] = ${high}`)
      assert.ok(Number.isNaN(value), `${low} ${high} became ${String(value)}`)
    }
  })

  it('reads true, false, null and undefined', async () => {
    assert.deepEqual(await received('true, false, null, undefined'), [true, false, null, undefined])
  })

  it('reads strings of either width with NUL, surrogates alone and in pairs', async () => {
    const texts = ['', 'plain', 'a\0b\0', 'é ÿ', 'ж中', '\u{1f600}', '\ud800', 'x\udc00y']
    assert.deepEqual(await received(texts.map((text) => JSON.stringify(text)).join(', ')), texts)
  })

  it('reads strings of a megabyte', async () => {
    const [narrow, wide] = await received("'é'.repeat(1 << 20), '中'.repeat(1 << 20)")
    assert.equal(narrow, 'é'.repeat(1 << 20))
    assert.equal(wide, '中'.repeat(1 << 20))
  })

  it('reads ropes of either width, however deep', async () => {
    const part = "const part = i => (i % 7 === 0 ? '中' : 'é').repeat(600) + i"
    const build = `${part}; let s = ''; for (let i = 0; i < 3000; i++) s = i % 2 ? s + part(i) : part(i) + s`
    const [rope] = await received('s', build)
    let expected = ''
    for (let i = 0; i < 3000; i++) {
      const piece = (i % 7 === 0 ? '中' : 'é').repeat(600) + i
      expected = i % 2 ? expected + piece : piece + expected
    }
    assert.ok(rope === expected)
  })

  it('refuses a rope that is longer than the memory could hold, which costs the guest nothing', async () => {
    const vm = await BareVm.create({ operations: { take: () => 'taken' }, limits: { memoryBytes: 32 * 1024 * 1024 } })
    const answer = await vm.evaluate(`
      let s = 'x'.repeat(1 << 20)
      for (let i = 0; i < 9; i++) s += s
      try { return op('take', s) } catch (e) { return e.name + ': ' + e.message }`)
    assert.match(String(answer), /^RangeError: .*33554432/)
  })

  it('copies buffers, also empty ones, in both directions', async () => {
    const [bytes, empty] = await received('new Uint8Array([1, 0, 255]).buffer, new ArrayBuffer(0)')
    assert.deepEqual([...(bytes as Uint8Array)], [1, 0, 255])
    assert.equal((empty as Uint8Array).byteLength, 0)
    const vm = await BareVm.create({
      operations: { give: () => new Uint8Array([9, 8]), none: () => new Uint8Array(0) },
    })
    const answer = await vm.evaluate("return [...new Uint8Array(op('give')), op('none').byteLength].join()")
    assert.equal(answer, '9,8,0')
  })

  it('gives the guest what the host returns, unchanged', async () => {
    const values: Crossing[] = [
      '',
      'é中\u{1f600}',
      'x'.repeat(1 << 20),
      0,
      -0,
      1.5,
      NaN,
      Infinity,
      true,
      false,
      undefined,
    ]
    for (const value of values) {
      const vm = await BareVm.create({ operations: { give: () => value } })
      assert.equal(await vm.evaluate("globalThis.got = op('give'); return typeof got"), typeof value)
      assert.ok(Object.is(await vm.evaluate('return got'), value))
    }
  })

  it('passes arguments of every kind to an entry, again and again', async () => {
    const vm = await BareVm.create()
    await vm.run('expose({ kinds: (...args) => args.map(a => a === null ? "null" : typeof a).join() })')
    for (let i = 0; i < 2000; i++) {
      const kinds = await vm.call('kinds', 'text', i, true, false, null, undefined)
      assert.equal(kinds, 'string,number,boolean,boolean,null,undefined')
    }
    assert.equal(await vm.evaluate('return [null, true, false, undefined].join()'), ',true,false,')
  })

  it('refuses symbols and BigInts', async () => {
    const message = 'TypeError: only primitives and buffers cross the boundary 0'
    for (const value of ['Symbol("s")', 'Symbol.iterator', '10n', '2n ** 200n']) {
      assert.equal(await refused(value), message, value)
    }
  })

  it('refuses objects and runs none of their code', async () => {
    const message = 'TypeError: only primitives and buffers cross the boundary 0'
    for (const value of [
      '{ toString: touch, valueOf: touch, toJSON: touch, [Symbol.toPrimitive]: touch, get a() { return touch() } }',
      'new Proxy({}, { get: touch, has: touch, ownKeys: touch, getPrototypeOf: touch })',
      'new Proxy(new ArrayBuffer(8), { get: touch })',
      '{ __proto__: ArrayBuffer.prototype, get byteLength() { return touch() } }',
      'new Uint8Array(4)',
      'new DataView(new ArrayBuffer(4))',
      '[1, 2]',
      'touch',
      'new String("s")',
      'new Date(0)',
    ]) {
      assert.equal(await refused(value), message, value)
    }
  })

  it('refuses a detached buffer', async () => {
    const vm = await BareVm.create({ operations: { take: () => 'taken' } })
    const answer = await vm.evaluate(`
      const buffer = new ArrayBuffer(8)
      if (typeof buffer.transfer !== 'function') return 'TypeError: nothing detaches here'
      buffer.transfer()
      try { return op('take', buffer) } catch (e) { return String(e) }`)
    assert.match(String(answer), /^TypeError/)
  })

  it('passes an error on with its name and message only', async () => {
    const secret = Object.assign(new Error('/etc/shadow'), { code: 'EACCES' })
    const vm = await BareVm.create({
      operations: {
        leak: () => {
          throw secret
        },
        later: () => Promise.reject(secret),
      },
    })
    const told: unknown[] = []
    vm.vm.onInternalError = (e) => told.push(e)
    for (const name of ['leak', 'later']) {
      const answer = await vm.evaluate(
        `try { op('${name}') } catch (e) { return [e.name, e.message, e.stack, e.code].join() }`,
      )
      assert.match(String(answer), /^InternalError,an internal error of belljar/)
      assert.doesNotMatch(String(answer), /shadow|EACCES|node:|\/home|\.ts/)
    }
    assert.deepEqual(told, [secret, secret])
  })
})

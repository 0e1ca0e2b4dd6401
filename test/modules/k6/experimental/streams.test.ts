/**
 * What a script sees of `k6/experimental/streams`. The standard's rules are proved by running each script twice, here in a VM
 * and with the streams of Node.js: both must say the same.
 */
import assert from 'node:assert/strict'
import { CountQueuingStrategy, ReadableStream, ReadableStreamDefaultReader } from 'node:stream/web'
import { runInThisContext } from 'node:vm'
import { describeInVmThread } from '../../../support/in-vm-thread.js'
import { type ScriptUnderTest, scriptVm } from '../../../support/script-vm.js'

/** Says names of errors only: messages are everybody's own. */
const prelude = `
  const said = (v) => (v instanceof Error && v.name !== 'Error' ? v.name : v instanceof Error ? v.message : JSON.stringify(v) ?? 'undefined')
  const show = async (label, f) => {
    try { log(label + ' ' + said(await f())) } catch (e) { log(label + ' threw ' + said(e)) }
  }
  const turn = async (n = 10) => { for (let i = 0; i < n; i++) await null }
  const all = async (reader) => {
    const values = []
    for (let r = await reader.read(); !r.done; r = await reader.read()) values.push(r.value)
    return values
  }
`

async function inVm(source: string): Promise<ScriptUnderTest> {
  const found = await scriptVm(`import * as streams from 'k6/experimental/streams'
    import all, { CountQueuingStrategy, ReadableStream, ReadableStreamDefaultReader } from 'k6/experimental/streams'
    const log = console.log
    ${source}`)
  await found.script.enter('activate', 'vu', '{}', '{}')
  return found
}

async function inNode(body: string): Promise<string[]> {
  const lines: string[] = []
  const names = 'log, ReadableStream, ReadableStreamDefaultReader, CountQueuingStrategy'
  // Not by eval or Function: other tests of this process switch these off.
  const run = runInThisContext(`(async (${names}) => { ${prelude}${body} })`) as (...args: unknown[]) => Promise<void>
  await run((text: string) => lines.push(text), ReadableStream, ReadableStreamDefaultReader, CountQueuingStrategy)
  return lines
}

const scripts: Record<string, string> = {
  'chunks in order, then the end': `
    const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue('two'); c.enqueue(); c.close() } })
    const r = s.getReader()
    for (let i = 0; i < 5; i++) await show('read', () => r.read())
    await show('closed', () => r.closed)`,
  'no source at all': `
    const s = new ReadableStream()
    await show('locked', () => s.locked)
    await show('cancel', () => s.cancel())
    await show('read', () => s.getReader().read())`,
  'pull, only as far as the strategy asks': `
    let n = 0
    const s = new ReadableStream({ pull(c) { log('pull ' + c.desiredSize); c.enqueue(++n) } }, { highWaterMark: 3 })
    await turn()
    log('pulled ' + n)
    const r = s.getReader()
    await show('read', () => r.read())
    await turn()
    log('pulled ' + n)`,
  'no pull at all before a read, when the strategy wants none': `
    let n = 0
    const s = new ReadableStream({ pull(c) { c.enqueue(++n) } }, { highWaterMark: 0 })
    await turn()
    log('pulled ' + n)
    await show('read', () => s.getReader().read())
    log('pulled ' + n)`,
  'one pull at a time, and none before start is over': `
    let go, open = 0, most = 0
    const s = new ReadableStream({
      start: () => new Promise((resolve) => { go = resolve }),
      async pull(c) { open++; most = Math.max(most, open); await turn(3); open--; c.enqueue('x') },
    }, { highWaterMark: 5 })
    const r = s.getReader()
    const reads = [r.read(), r.read(), r.read()]
    await turn()
    log('open ' + open)
    go()
    for (const read of reads) await show('read', () => read)
    log('most ' + most)`,
  'reads that wait for chunks': `
    let c
    const r = new ReadableStream({ start(controller) { c = controller } }).getReader()
    const reads = [r.read(), r.read(), r.read()]
    c.enqueue('a'); c.enqueue('b')
    log('wanted ' + c.desiredSize)
    c.close()
    for (const read of reads) await show('read', () => read)`,
  'sizes by the strategy': `
    let c
    const s = new ReadableStream({ start(controller) { c = controller } }, { highWaterMark: 10, size: (chunk) => chunk.length })
    const r = s.getReader()
    for (const chunk of ['abc', 'abcdefgh', '']) { c.enqueue(chunk); log('wanted ' + c.desiredSize) }
    await show('read', () => r.read())
    log('wanted ' + c.desiredSize)`,
  'sizes that are none': `
    for (const size of [-1, NaN, Infinity, 'x', null]) {
      let c
      const s = new ReadableStream({ start(controller) { c = controller } }, { size: () => size })
      await show('enqueue', () => c.enqueue('x'))
      await show('read', () => s.getReader().read())
    }
    let d
    const s = new ReadableStream({ start(c) { d = c } }, { size() { throw new Error('no size') } })
    await show('enqueue', () => d.enqueue('x'))
    await show('read', () => s.getReader().read())`,
  'failures of start, pull and the controller': `
    await show('start throws', () => new ReadableStream({ start() { throw new Error('s') } }))
    for (const source of [
      { start: async () => { throw new Error('s') } },
      { pull() { throw new Error('p') } },
      { pull: async () => { throw new Error('q') } },
      { start(c) { c.enqueue(1); c.error(new Error('e')) } },
      { start(c) { c.enqueue(1); c.error('text'); c.error('again') } },
    ]) {
      const r = new ReadableStream(source).getReader()
      await show('read', () => r.read())
      await show('read again', () => r.read())
      await show('closed', () => r.closed)
      await show('cancel', () => r.cancel())
    }`,
  'the controller after the end': `
    let c
    const s = new ReadableStream({ start(controller) { c = controller; c.enqueue(1); c.close() } })
    log('wanted ' + c.desiredSize)
    await show('close', () => c.close())
    await show('enqueue', () => c.enqueue(2))
    await show('all', () => all(s.getReader()))
    log('wanted ' + c.desiredSize)
    await show('enqueue', () => c.enqueue(2))
    await show('error', () => c.error(new Error('late')))
    let d
    new ReadableStream({ start(controller) { d = controller } })
    d.error(1)
    log('wanted ' + d.desiredSize)
    await show('enqueue', () => d.enqueue(2))
    await show('close', () => d.close())`,
  cancel: `
    for (const cancel of [undefined, (reason) => { log('because ' + reason); return 5 }, () => { throw new Error('no') }, async () => { throw new Error('not now') }]) {
      const s = new ReadableStream({ start(c) { c.enqueue(1) }, cancel, pull() { log('pull') } })
      const r = s.getReader()
      await show('stream', () => s.cancel('x'))
      await show('reader', () => r.cancel('y'))
      await show('read', () => r.read())
      await show('again', () => r.cancel('z'))
    }
    let open
    const s = new ReadableStream({ cancel: () => new Promise((resolve) => { open = resolve }) })
    const r = s.getReader()
    const read = r.read()
    let isDone = false
    const cancelled = r.cancel().then(() => { isDone = true })
    await show('read', () => read)
    log('done ' + isDone)
    open()
    await cancelled
    log('done ' + isDone)`,
  locks: `
    const s = new ReadableStream({ start(c) { c.enqueue(1); c.enqueue(2) } })
    const r = s.getReader()
    log('locked ' + s.locked)
    await show('second', () => s.getReader())
    await show('second', () => new ReadableStreamDefaultReader(s))
    await show('read', () => r.read())
    r.releaseLock()
    r.releaseLock()
    log('locked ' + s.locked)
    await show('read', () => r.read())
    await show('cancel', () => r.cancel())
    await show('closed', () => r.closed)
    const next = new ReadableStreamDefaultReader(s)
    await show('read', () => next.read())
    const open = next.read()
    next.releaseLock()
    await show('open', () => open)
    await show('other', () => s.getReader({ mode: 'other' }))
    await show('none', () => s.getReader({ mode: undefined }).read === undefined)`,
  'a lock released after the end': `
    for (const end of [(c) => c.close(), (c) => c.error(new Error('e'))]) {
      const r = new ReadableStream({ start: end }).getReader()
      await show('closed', () => r.closed)
      r.releaseLock()
      await show('closed', () => r.closed)
    }`,
  'arguments of another kind': `
    for (const args of [[null], [5], [{ start: 1 }], [{ pull: 'x' }], [{ cancel: {} }], [{}, 5], [{}, null], [{}, { size: 1 }],
      [{}, { highWaterMark: -1 }], [{}, { highWaterMark: NaN }], [{}, { highWaterMark: 'x' }], [{}, { highWaterMark: '2' }], [{ type: 'other' }]]) {
      await show('new', () => new ReadableStream(...args).locked)
    }
    for (const arg of [undefined, null, {}, 5]) await show('reader', () => new ReadableStreamDefaultReader(arg))
    await show('call', () => ReadableStream())
    await show('cancel', () => ReadableStream.prototype.cancel.call({}))
    await show('read', () => ReadableStreamDefaultReader.prototype.read.call({}))
    await show('locked', () => Object.getOwnPropertyDescriptor(ReadableStream.prototype, 'locked').get.call({}))`,
  'what the functions of a source get': `
    const source = {
      start(c) { log('start ' + (this === source) + arguments.length); this.c = c },
      pull(c) { log('pull ' + (this === source) + (c === this.c)); c.close() },
      cancel(...args) { log('cancel ' + (this === source) + args.length) },
    }
    const s = new ReadableStream(source, { size() { log(String(this === undefined)); return 1 } })
    await turn()
    await s.cancel()
    const t = new ReadableStream({ cancel: source.cancel, start(c) { source.d = c } })
    await t.cancel()
    const u = new ReadableStream(Object.create({ start(c) { c.enqueue('inherited') } }))
    await show('read', () => u.getReader().read())`,
  'the strategy that counts': `
    const strategy = new CountQueuingStrategy({ highWaterMark: 2 })
    await show('mark', () => [strategy.highWaterMark, strategy.size('abc'), strategy.size(), strategy.size === new CountQueuingStrategy({ highWaterMark: 1 }).size])
    await show('text', () => [new CountQueuingStrategy({ highWaterMark: '5' }).highWaterMark])
    let c
    new ReadableStream({ start(controller) { c = controller } }, strategy)
    log('wanted ' + c.desiredSize)`,
}

describeInVmThread('k6/experimental/streams', import.meta.url, (it) => {
  for (const [name, body] of Object.entries(scripts)) {
    it(`does as the streams of Node.js do: ${name}`, async () => {
      const { script, said } = await inVm(`export default async function () { ${prelude}${body} }`)
      assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
      const expected = await inNode(body)
      assert.ok(expected.length > 1)
      assert.deepEqual(said(), expected)
    })
  }

  it('has what k6 has, and no more', async () => {
    const { script, said } = await inVm(`export default async () => {
      log(Object.keys(streams).filter((name) => name !== 'default').join(), all.ReadableStream === ReadableStream)
      for (const { prototype } of [ReadableStream, ReadableStreamDefaultReader]) log(Object.getOwnPropertyNames(prototype).join())
      const names = (type) => { try { new ReadableStream({ type }); return 'fine' } catch (e) { return e.name + ': ' + e.message } }
      log(names('default'), names('bytes'))
      log(new CountQueuingStrategy().highWaterMark)
    }`)
    assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
    assert.deepEqual(said(), [
      'CountQueuingStrategy,ReadableStream,ReadableStreamDefaultReader true',
      'constructor,locked,cancel,getReader',
      'constructor,closed,cancel,read,releaseLock',
      "fine TypeError: the type of an underlying source can only be 'default', not 'bytes'",
      '1',
    ])
  })

  it('fails the iteration when nobody handles a read that fails', async () => {
    const { script } = await inVm(`export default () => {
      new ReadableStream({ pull() { throw new Error('lost') } }).getReader().read()
    }`)
    const outcome = await script.iteration('default', 0)
    assert.ok(outcome.kind === 'failed')
    assert.equal(outcome.failure.text, 'Error: lost')
  })

  it('works with timers, although the script replaced the built-ins', async () => {
    const { script, said } = await inVm(`
      Function.prototype.call = Function.prototype.apply = Promise.resolve = () => 'mine'
      Array.prototype.push = Array.prototype.shift = () => { throw new Error('mine') }
      Promise.prototype.then = Promise.prototype.catch = () => { throw new Error('mine') }
      for (const name of ['resolve', 'reject', 'controller', 'next']) {
        Object.defineProperty(Object.prototype, name, { set() { throw new Error('mine') }, get() { return undefined } })
      }
      export default async () => {
        let n = 0
        const stream = new ReadableStream({
          start(c) {
            const add = () => { if (n === 3) return c.close(); c.enqueue(++n); setTimeout(add, 1) }
            setTimeout(add, 1)
          },
        })
        const reader = stream.getReader()
        for (let r = await reader.read(); !r.done; r = await reader.read()) log(r.value)
      }`)
    assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
    assert.deepEqual(said(), ['1', '2', '3'])
  })
})

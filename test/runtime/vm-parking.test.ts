import assert from 'node:assert/strict'
import { isAppError } from '../../errors.js'
import { heapBottom, stackBottom } from '../../runtime/engine-program.js'
import { EngineSeats } from '../../runtime/engine-seats.js'
import type { Crossing } from '../../runtime/js-value.js'
import type { MemoryImage } from '../../runtime/memory-image.js'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

const memoryBytes = 64 * 1024 * 1024
const newSeats = (least = 1, earlyReturns?: number) => new EngineSeats(memoryBytes, undefined, least, earlyReturns)
const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** What a VM calls to wait until the test says so. */
function gate() {
  const open: ((value: Crossing) => void)[] = []
  return {
    wait: () => new Promise<Crossing>((resolve) => open.push(resolve)),
    settle: (value: Crossing) => open.shift()!(value),
    get isOpen() {
      return open.length > 0
    },
  }
}

/** A VM whose `wait()` waits for the gate, and another one that wants its seat. */
async function pair(least = 1) {
  const seats = newSeats(least)
  const door = gate()
  const operations = { wait: door.wait, plain: (_vu: undefined, x: Crossing) => x }
  const limits = { memoryBytes }
  const vm = await BareVm.create({ operations, seats, limits })
  await vm.run("globalThis.wait = () => op('wait'); globalThis.secret = 'of the first one'")
  const other = await BareVm.create({ operations, seats, limits })
  /** Has it parked, and its seat used. */
  const park = async () => {
    assert.ok(vm.vm.memory.byteLength > 0, 'it has a seat')
    assert.ok(vm.vm.giveUpSeat())
    assert.equal(
      await other.evaluate('let s = 0; for (let i = 0; i < 100; i++) s += JSON.stringify({ i }).length; return s'),
      790,
    )
  }
  return { seats, door, vm, other, park }
}

/** An engine's memory with nothing but the image in it. */
function bytesOf(image: MemoryImage, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (const { at, bytes: part } of image.parts) bytes.set(part, at)
  return bytes
}

describeInVmThread('a VM that was parked', import.meta.url, (it) => {
  it('goes on wherever it waited', async () => {
    const { vm, door, park } = await pair()
    const shapes: [body: string, answers: Crossing[], expected: Crossing][] = [
      ['return wait() + wait()', [1, 2], 3],
      ['return [3, 1, 2].sort((a, b) => wait() && a - b).join()', [1, 1, 1, 1], '1,2,3'],
      ['return ({ get a() { return wait() } }).a', ['got'], 'got'],
      ['return [...(function* () { yield wait(); yield wait() })()].join()', ['a', 'b'], 'a,b'],
      ['return "a-b".replace(/[ab]/g, m => m + wait())', ['1', '2'], 'a1-b2'],
      ['return JSON.stringify({ toJSON: () => wait() })', ['j'], '"j"'],
      ['return new Proxy({}, { get: () => wait() }).x', [4], 4],
      ['try { return wait() } finally { globalThis.last = wait() }', [5, 6], 5],
      ['return new (class { y = wait() })().y + last', [1], 7],
      ['return secret + wait().length', ['é中'.repeat(500)], 'of the first one1000'],
    ]
    for (const [body, answers, expected] of shapes) {
      const call = vm.evaluate(body)
      let used = 0
      for (await turn(); door.isOpen; await turn()) {
        await park()
        door.settle(answers[used++]!)
      }
      assert.equal(await call, expected, body)
      assert.ok(used > 0)
    }
  })

  for (const depth of [0, 10, 100, 400]) {
    it(`goes on ${depth} calls deep`, async () => {
      const { vm, door, park } = await pair()
      await vm.run('globalThis.dive = n => n === 0 ? wait() : n + dive(n - 1) - n')
      const call = vm.evaluate('return dive(...args)', depth)
      await turn()
      await park()
      door.settle(7)
      assert.equal(await call, 7)
      assert.equal(await vm.evaluate('return secret'), 'of the first one')
    })
  }

  it('has its jobs, its rejections and what its promises wait for', async () => {
    const { vm, door, park } = await pair()
    await vm.run(`
      let told = ''
      let settle
      new Promise(resolve => { settle = resolve }).then(async x => { told += x; await null; told += wait(); await null; told += '.' })
      expose({ settle: x => settle(x), told: () => told, describeRejection: String, reject: x => { Promise.reject(x) } })`)
    await park()
    await vm.call('settle', 'a')
    await park()
    assert.ok(vm.vm.hasJobs)
    await park()
    const jobs = vm.vm.runJobs(1000)
    await turn()
    await park()
    door.settle('b')
    assert.equal(await jobs, true)
    await park()
    assert.equal(await vm.call('told'), 'ab.')
    await vm.call('reject', 'a reason')
    await park()
    assert.equal(await vm.vm.describeRejection(1000), 'a reason')
    await vm.call('reject', 'another')
    await park()
    vm.vm.forgetRejections()
    await park()
    assert.equal(await vm.vm.describeRejection(1000), undefined)
  })

  it('keeps all of its memory, and leaves nothing of it', async () => {
    const { vm, door } = await pair(2)
    await vm.run('globalThis.dive = n => n === 0 ? wait() : n + dive(n - 1) - n')
    // Whoever is parked first makes the reference.
    const image = vm.vm.image().memory
    assert.ok(vm.vm.giveUpSeat())
    for (const depth of [undefined, 0, 30, 200]) {
      await vm.evaluate(`
        const dive = n => n === 0 ? 0 : 1 + dive(n - 1)
        dive(2000)
        globalThis.kept = Array.from({ length: 300 }, (_, i) => ({ i, text: 'a text ' + i }))`)
      const call = depth === undefined ? undefined : vm.evaluate('return dive(...args)', depth)
      await turn()
      const { memory } = vm.vm
      const bytes = Buffer.from(memory)
      const before = Buffer.from(bytes)
      assert.ok(vm.vm.giveUpSeat())
      const left = Buffer.from(bytes)
      const expectedLeft = bytesOf(image, left.length)
      assert.ok(left.equals(expectedLeft), `${depth}: the reference is in it, and nothing else`)
      const after = Buffer.from(vm.vm.memory)
      assert.ok(after.subarray(0, stackBottom).equals(before.subarray(0, stackBottom)))
      const [heap, expected] = [after.subarray(heapBottom), before.subarray(heapBottom)]
      const common = Math.min(heap.length, expected.length)
      assert.ok(heap.subarray(0, common).equals(expected.subarray(0, common)), `${depth}: its heap`)
      assert.ok(heap.subarray(common).every((byte) => byte === 0))
      for (let at = stackBottom; at < heapBottom; at += 4) {
        const [now, then] = [after.readInt32LE(at), before.readInt32LE(at)]
        if (now !== then && now !== 0) assert.fail(`${depth}: another word at ${at}`)
      }
      if (call === undefined) continue
      door.settle(1)
      assert.equal(await call, 1)
    }
  })

  it('leaves nothing of sources that have zeros in them', async () => {
    const seats = newSeats()
    const text = 'a text of the first one'
    const modules = { dirty: `export const one = 1 //${'\0'.repeat(200_000)}${text}` }
    const vm = await BareVm.create({ seats, modules, limits: { memoryBytes } })
    await vm.run("import { one } from 'dirty'; globalThis.one = one")
    const bytes = Buffer.from(vm.vm.memory)
    assert.ok(vm.vm.giveUpSeat())
    assert.equal(bytes.subarray(stackBottom, heapBottom).indexOf(text), -1)
    assert.equal(await vm.evaluate('return one'), 1)
  })

  it('is parked with what it has grown by, up to some size', async () => {
    const { vm, other, park, door } = await pair()
    await vm.run(
      'globalThis.kept = []; globalThis.sum = () => kept.reduce((s, b) => s + b[0] + b.at(-1) + b.length, 0)',
    )
    for (const size of [100_000, 60_000]) {
      await vm.evaluate(`kept.push(new Uint8Array(${size}).fill(3))`)
      await park()
    }
    assert.equal(await vm.evaluate('return sum()'), 160_012)
    // Mostly zeros, in a memory that must be larger than the one that it gets.
    await vm.evaluate('kept.push(new Uint8Array(13e5)); kept[2][0] = 1; kept[2][1299999] = 2')
    await park()
    assert.ok(other.vm.giveUpSeat())
    const call = vm.evaluate('return wait() + sum()')
    await turn()
    await park()
    door.settle(1)
    assert.equal(await call, 1_460_016)
  })

  for (const [what, body] of [
    [
      'differs too much',
      'let x = 1; globalThis.kept = new Int32Array(80_000).map(() => (x = (x * 16807) % 2147483647))',
    ],
    ['has a deep stack', 'globalThis.kept = [1]; globalThis.depth = 1800'],
    ['is too large', 'globalThis.kept = new Uint8Array(25e5); kept[2_000_000] = 1'],
  ] as const) {
    it(`is not parked while it ${what}, and has lost nothing`, async () => {
      const { vm, other, seats, door } = await pair()
      await other.evaluate('return 1')
      await vm.run('globalThis.dive = n => n === 0 ? wait() : n + dive(n - 1) - n; globalThis.depth = 0')
      await vm.evaluate(`${body}; globalThis.sum = () => kept.reduce((s, x) => (s * 31 + x) % 1e9, 0)`)
      const sum = await vm.evaluate('return sum()')
      const call = vm.evaluate('return dive(depth) + sum()')
      await turn()
      const before = Buffer.from(Buffer.from(vm.vm.memory))
      const { size } = seats
      assert.equal(vm.vm.giveUpSeat(), false)
      assert.ok(before.equals(Buffer.from(vm.vm.memory)))
      assert.equal(await other.evaluate('return typeof kept'), 'undefined')
      assert.ok(seats.size <= size + 1)
      door.settle(1)
      assert.equal(await call, Number(sum) + 1)
    })
  }

  it('ends when it is interrupted, and is used again', async () => {
    const { vm, door, park } = await pair()
    const ended = vm.vm.enter(1000, 'call', 'wait')
    await park()
    vm.vm.interrupt()
    assert.deepEqual(await ended, { kind: 'interrupted' })
    vm.vm.clearInterrupt()
    await park()
    door.settle('too late')
    await turn()
    assert.equal(await vm.evaluate('return secret'), 'of the first one')
  })

  it('may be killed and released, and others go on', async () => {
    const { vm, other, door, park, seats } = await pair()
    const ended = vm.evaluate('return wait()')
    await turn()
    await park()
    const { size } = seats
    vm.vm.kill('LIMIT_CPU', 'it took too long')
    await assert.rejects(ended, (e) => isAppError(e, 'LIMIT_CPU'))
    door.settle(1)
    await turn()
    assert.throws(() => vm.vm.enter(1000, 'call', 'wait'), /too long/)
    vm.vm.release()
    assert.equal(vm.vm.memory.byteLength, 0)
    assert.equal(seats.size, size)
    assert.equal(await other.evaluate('return typeof secret'), 'undefined')
  })

  it('may look at its memory, its random numbers and the clock without being entered', async () => {
    const { vm, park } = await pair()
    await vm.run('globalThis.bytes = new Uint8Array(8)')
    const isDrawn = vm.vm.hasDrawnRandom
    const hasRead = vm.vm.hasReadClock
    await park()
    assert.deepEqual([vm.vm.hasDrawnRandom, vm.vm.hasReadClock], [isDrawn, hasRead])
    await vm.evaluate('Math.random(); Date.now()')
    await park()
    assert.deepEqual([vm.vm.hasDrawnRandom, vm.vm.hasReadClock], [true, true])
    await park()
    const image = vm.vm.image()
    assert.equal(await vm.clone(image).evaluate('return secret'), 'of the first one')
  })

  it('has its own limits of stack and time', async () => {
    const { vm, door, park } = await pair()
    await park()
    const dive = 'const f = () => f(); try { f() } catch (e) { return e.message }'
    assert.equal(await vm.evaluate(dive), 'stack overflow')
    await park()
    const call = vm.vm.enter(300, 'call', 'wait')
    await park()
    door.settle(1)
    assert.deepEqual(await call, { kind: 'returned', value: 1 })
    await vm.run('expose({ spin: () => { wait(); for (;;); } })')
    const spun = Promise.resolve(vm.vm.enter(300, 'call', 'spin'))
    await park()
    door.settle(1)
    await assert.rejects(spun, (e) => isAppError(e, 'LIMIT_CPU'))
  })
})

describeInVmThread('seats', import.meta.url, (it) => {
  const operations = {
    wait: (_vu: undefined, ms: Crossing) => new Promise<Crossing>((r) => setTimeout(r, Number(ms), 1)),
  }
  const source = `
    let count = 0
    const log = []
    const dive = (n, ms) => n === 0 ? op('wait', ms) : dive(n - 1, ms)
    expose({ step: (ms, depth) => {
      const before = count
      count += dive(depth, ms)
      log.push({ ms, before })
      if (log.length > 5) log.shift()
      return count + ':' + log.map(({ before }) => before).join()
    } })`

  /** What VMs say that take steps of other lengths at the same time. */
  async function said(count: number, seats: EngineSeats): Promise<string[]> {
    const first = await BareVm.create({ operations, seats, limits: { memoryBytes } })
    await first.run(source)
    const image = first.vm.image()
    const vms = Array.from({ length: count }, () => first.clone(image))
    const answers = vms.map(async (vm, i) => {
      const told: Crossing[] = []
      for (let step = 0; step < 6; step++) told.push(await vm.call('step', (i * 7 + step * 13) % 40, (i + step) % 30))
      return told.join(' ')
    })
    return Promise.all(answers)
  }

  it('are far fewer than 300 VMs that wait in turns, which never notice', async () => {
    const seats = newSeats(16, Number.POSITIVE_INFINITY)
    const all = newSeats(1000)
    const [few, many] = [await said(300, seats), await said(300, all)]
    assert.deepEqual(few, many)
    assert.equal(all.size, 301)
    assert.ok(seats.size < 40, `${seats.size} seats`)
  })

  it('are not made for VMs that nobody enters, and those of parked ones are free', async () => {
    const seats = newSeats(2)
    const first = await BareVm.create({ operations, seats, limits: { memoryBytes } })
    await first.run(source)
    const image = first.vm.image()
    const vms = Array.from({ length: 50 }, () => first.clone(image))
    assert.equal(seats.size, 1)
    for (const vm of vms) assert.equal(await vm.call('step', 0, 0), '1:0')
    assert.ok(seats.size <= 7, `${seats.size} seats`)
    for (const vm of [...vms, first]) if (vm.vm.giveUpSeat()) assert.equal(vm.vm.giveUpSeat(), false)
    const { size } = seats
    for (const vm of vms.slice(0, size)) assert.equal(await vm.call('step', 0, 0), '2:0,1')
    assert.equal(seats.size, size)
  })

  it('are not taken from others for a fresh engine while some are free', async () => {
    const seats = newSeats(3)
    const create = () => BareVm.create({ seats, limits: { memoryBytes } })
    const [one, two, three] = [await create(), await create(), await create()]
    assert.ok(one.vm.giveUpSeat())
    assert.ok(two.vm.giveUpSeat())
    await create()
    assert.equal(seats.size, 3)
    assert.ok(three.vm.giveUpSeat(), 'it has kept its own')
  })

  it('are more when VMs come back sooner than parking is worth', async () => {
    const seats = newSeats(2)
    await said(40, seats)
    assert.ok(seats.size > 5 && seats.size < 41, `${seats.size} seats`)
  })

  it('are left at once by those that wait long, when others want them', async () => {
    const seats = newSeats(2)
    const restful: BareVm[] = []
    for (const isLong of [false, true, true]) {
      const rest = () => {
        if (isLong) restful.at(-1)!.vm.waitsLong()
        return new Promise<Crossing>((resolve) => setImmediate(resolve, isLong))
      }
      const vm = await BareVm.create({ operations: { rest }, seats, limits: { memoryBytes } })
      restful.push(vm)
      await vm.run("expose({ rest: () => op('rest') })")
      assert.equal(await vm.call('rest'), isLong)
    }
    const [short, , long] = restful
    const waits = [short!.call('rest'), long!.call('rest')]
    assert.equal(long!.vm.giveUpSeat(), false, 'it has none any more')
    assert.equal(short!.vm.giveUpSeat(), true, 'it has kept its own')
    assert.deepEqual(await Promise.all(waits), [false, true])
  })
})

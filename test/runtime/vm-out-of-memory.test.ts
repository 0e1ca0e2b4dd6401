/** Engines and machines that have no memory for the few bytes of a result, at the very places where that is hard to bring about. */
import assert from 'node:assert/strict'
import { exportNames } from '../../runtime/engine-program.js'
import { EngineSeats } from '../../runtime/engine-seats.js'
import { BareVm } from '../support/bare-vm.js'
import { describeInVmThread } from '../support/in-vm-thread.js'

const mebibyte = 1024 * 1024

describeInVmThread('a VM without memory', import.meta.url, (it) => {
  /** Runs `body` with engines whose export of that name answers NULL once `failing` is set. */
  async function withNull(name: keyof typeof exportNames, body: (fail: (isFailing: boolean) => void) => Promise<void>) {
    const Real = WebAssembly.Instance
    let isFailing = false
    // biome-ignore lint/complexity/useArrowFunction: it is called with new
    const Failing = function (program: WebAssembly.Module, imports: WebAssembly.Imports) {
      const { exports } = new Real(program, imports)
      const short = exportNames[name]
      const call = exports[short] as (...args: unknown[]) => unknown
      return { exports: { ...exports, [short]: (...args: unknown[]) => (isFailing ? 0 : call(...args)) } }
    }
    Object.assign(WebAssembly, { Instance: Failing })
    try {
      await body((is) => {
        isFailing = is
      })
    } finally {
      Object.assign(WebAssembly, { Instance: Real })
    }
  }

  const full = { code: 'LIMIT_MEMORY', message: /no memory left of its 16 MB \(limit memoryBytes\)/ }
  const limits = { memoryBytes: 16 * mebibyte }

  it('is dead when a call has no result', () =>
    withNull('call', async (fail) => {
      const vm = await BareVm.create({ limits })
      await vm.run('expose({ one: () => 1 })')
      fail(true)
      await assert.rejects(async () => vm.call('one'), full)
      assert.equal(vm.vm.death?.code, 'LIMIT_MEMORY')
    }))

  it('is dead when a module has no result', () =>
    withNull('eval', async (fail) => {
      const vm = await BareVm.create({ limits })
      fail(true)
      await assert.rejects(async () => vm.run('1'), full)
    }))

  it('is dead when a promise job has no result', () =>
    withNull('executePendingJob', async (fail) => {
      const vm = await BareVm.create({ limits })
      await vm.run('expose({ later: () => { Promise.resolve().then(() => 1) } })')
      await vm.call('later')
      fail(true)
      await assert.rejects(async () => vm.vm.runJobs(1000), full)
    }))

  it('is dead when an exception has none', () =>
    withNull('resolveException', async (fail) => {
      const vm = await BareVm.create({ limits })
      fail(true)
      await assert.rejects(async () => vm.run('throw 1'), full)
    }))

  for (const [what, look] of [
    ['described', (vm) => vm.vm.describeRejection(1000)],
    ['forgotten', (vm) => vm.vm.forgetRejections()],
  ] as const satisfies readonly (readonly [string, (vm: BareVm) => unknown])[]) {
    it(`is dead when a rejection cannot be ${what}`, () =>
      withNull('malloc', async (fail) => {
        const vm = await BareVm.create({ limits })
        await vm.run('Promise.reject(1)')
        fail(true)
        await assert.rejects(async () => look(vm), full)
        assert.equal(vm.vm.death?.code, 'LIMIT_MEMORY')
      }))
  }

  it('is not made without the memory of the bridge', () =>
    withNull('malloc', async (fail) => {
      fail(true)
      await assert.rejects(BareVm.create({ limits }), full)
    }))

  it('is not made when the machine has none, and that is no error of ours', async () => {
    const Real = WebAssembly.Memory
    const Failing = class {
      constructor() {
        throw new RangeError('WebAssembly.Memory(): could not allocate memory')
      }
    }
    // With a limit of its own, for which no other VM has left a memory.
    const own = { memoryBytes: 23 * mebibyte }
    Object.assign(WebAssembly, { Memory: Failing })
    try {
      await assert.rejects(BareVm.create({ limits: own }), {
        code: 'LIMIT_MEMORY',
        message: /this machine has no memory/,
      })
    } finally {
      Object.assign(WebAssembly, { Memory: Real })
    }
    await BareVm.create({ limits: own })
  })

  it('is dead, as a copy, when the machine has no memory to grow by', async () => {
    const first = await BareVm.create({ limits: { memoryBytes: 24 * mebibyte } })
    await first.run('globalThis.kept = new Uint8Array(8 * 1024 * 1024).fill(1)')
    const image = first.vm.image()
    const other = await BareVm.create({ limits: { memoryBytes: 25 * mebibyte } })
    other.vm.release()
    const { grow } = WebAssembly.Memory.prototype
    WebAssembly.Memory.prototype.grow = () => {
      throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory')
    }
    try {
      const clone = first.clone(image, { memoryBytes: 25 * mebibyte })
      const used = async () => clone.call('anything')
      await assert.rejects(used, { code: 'LIMIT_MEMORY', message: /this machine has no memory/ })
      assert.equal(clone.vm.death?.code, 'LIMIT_MEMORY')
    } finally {
      WebAssembly.Memory.prototype.grow = grow
    }
  })

  it('is dead when the machine has no memory to have it go on, and whoever looks at its memory finds none', async () => {
    const memoryBytes = 26 * mebibyte
    const seats = new EngineSeats(memoryBytes, undefined, 1)
    const first = await BareVm.create({ seats, limits: { memoryBytes } })
    // A VM that runs keeps its seat, so that there would have to be another one.
    const operations = { look: () => first.vm.memory.byteLength }
    const other = await BareVm.create({ operations, seats, limits: { memoryBytes } })
    const Real = WebAssembly.Memory
    const Failing = class {
      constructor() {
        throw new RangeError('WebAssembly.Memory(): could not allocate memory')
      }
    }
    Object.assign(WebAssembly, { Memory: Failing })
    try {
      assert.equal(await other.evaluate("return op('look')"), 0)
    } finally {
      Object.assign(WebAssembly, { Memory: Real })
    }
    await assert.rejects(async () => first.call('anything'), { code: 'LIMIT_MEMORY', message: /this machine has no/ })
    first.vm.release()
    assert.equal(first.vm.memory.byteLength, 0)
    assert.equal(await other.evaluate('return 2'), 2)
  })

  it('keeps its seat when the machine has no memory for what all have in common', async () => {
    const memoryBytes = 27 * mebibyte
    const seats = new EngineSeats(memoryBytes, undefined, 2)
    const first = await BareVm.create({ seats, limits: { memoryBytes } })
    const other = await BareVm.create({ seats, limits: { memoryBytes } })
    await first.run('globalThis.kept = new Uint8Array(14e5).fill(1)')
    assert.ok(first.vm.giveUpSeat())
    const { grow } = WebAssembly.Memory.prototype
    WebAssembly.Memory.prototype.grow = () => {
      throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory')
    }
    try {
      assert.equal(other.vm.giveUpSeat(), false)
      assert.equal(await other.evaluate('return 1'), 1)
    } finally {
      WebAssembly.Memory.prototype.grow = grow
    }
  })
})

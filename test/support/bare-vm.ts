/**
 * A VM with operations and modules of a test's own, and the smallest guest half that can drive it. Knows nothing of k6, so
 * that tests of runtime/ see the VM and nothing else.
 */
import { type Limits, trustedLimits } from '../../policy/limits.js'
import type { EngineSeats } from '../../runtime/engine-seats.js'
import { GuestError } from '../../runtime/guest-error.js'
import { defineHostModule, type Operation } from '../../runtime/host-module.js'
import type { Crossing } from '../../runtime/js-value.js'
import type { Pulse } from '../../runtime/pulse.js'
import type { Turns } from '../../runtime/turns.js'
import { type Completion, Vm, type VmImage, type VmOptions } from '../../runtime/vm.js'

/**
 * Makes `op(name, ...args)` global, which calls an operation and throws what the host refused with, and registers the entry
 * `call`, which calls a global function of the name given.
 */
const bootSource = `
  const native = __belljar
  globalThis.op = (name, ...args) => {
    const result = native(native(0, 'test.' + name) ?? 15, ...args)
    if (result !== null) return result
    const text = native(1)
    if (text === '') for (;;);
    if (text === undefined) return null
    const [kind, message] = JSON.parse(text)
    const error = new Error(message)
    error.name = kind
    throw error
  }
  const kept = new Map()
  globalThis.sleep = (ms) => op('sleep', ms)
  globalThis.expose = (functions) => { for (const name of Object.keys(functions)) kept.set(name, functions[name]) }
  const describe = (e) => { try { return '!' + String(e) } catch { return '!?' } }
  native(2, 'describe', describe)
  native(2, 'describeRejection', (reason) => kept.get('describeRejection')?.(reason))
  native(2, 'call', (name, ...args) => {
    const fn = kept.get(name) ?? globalThis[name]
    try { return fn(...args) } catch (e) { return describe(e) }
  })
`

export interface BareVmOptions {
  operations?: Record<string, Operation<undefined>>
  modules?: Record<string, string>
  limits?: Partial<Limits>
  pulse?: Pulse
  turns?: Turns
  seats?: EngineSeats
}

const pause = (ms: number) => new Promise<undefined>((resolve) => setTimeout(resolve, ms, undefined))

export class BareVm {
  readonly vm: Vm<undefined>
  readonly limits: Limits
  readonly #options: VmOptions<undefined>
  #scripts = 0

  private constructor(vm: Vm<undefined>, options: VmOptions<undefined>) {
    this.vm = vm
    this.limits = options.limits
    this.#options = options
  }

  /** A VM that has `sleep(ms)`, the given operations as `op(name, …)`, and the given modules to import. */
  static async create({
    operations = {},
    modules = {},
    limits = {},
    pulse,
    turns,
    seats,
  }: BareVmOptions = {}): Promise<BareVm> {
    const files = new Map(Object.entries(modules))
    const options: VmOptions<undefined> = {
      limits: { ...trustedLimits, ...limits },
      ...(pulse === undefined ? {} : { pulse }),
      ...(turns === undefined ? {} : { turns }),
      ...(seats === undefined ? {} : { seats }),
      modules: [defineHostModule<undefined>('test', { sleep: (_vu, ms) => pause(Number(ms)), ...operations })],
      loader: {
        resolve: (_base, specifier) => specifier,
        load(name) {
          const source = files.get(name)
          if (source === undefined) throw new GuestError('GoError', `no module ${name}`)
          return source
        },
        loadCommonJs: () => '',
        own: { resolve: (_base, specifier) => specifier, load: (name) => `export const own = ${JSON.stringify(name)}` },
      },
    }
    const bare = new BareVm(Vm.create(options, '__belljar'), options)
    await bare.run(bootSource)
    return bare
  }

  /** Another VM from an image, with the operations and modules of this one. */
  clone(image: VmImage, limits: Partial<Limits> = {}): BareVm {
    const options = { ...this.#options, limits: { ...this.limits, ...limits } }
    return new BareVm(Vm.fromImage(image, options), options)
  }

  /** Evaluates a module and runs its promise jobs. */
  async run(source: string): Promise<Completion> {
    this.#scripts += 1
    const ended = await this.vm.evaluateModule(source, `script${this.#scripts}.js`, this.limits.initCpuMs)
    await this.vm.runJobs(this.limits.cpuMs)
    return ended
  }

  /** Calls a function that a script made known with `expose({ name })`. What it throws is told as `!Error: …`. */
  async call(name: string, ...args: Crossing[]): Promise<Crossing> {
    const ended = await this.vm.enter(this.limits.cpuMs, 'call', name, ...args)
    if (ended.kind !== 'returned') throw new Error(`the call ended as ${JSON.stringify(ended)}`)
    return ended.value
  }

  /** Evaluates the body of a function and returns what it returns. */
  async evaluate(body: string, ...args: Crossing[]): Promise<Crossing> {
    const ended = await this.run(`expose({ body: (...args) => { ${body} } })`)
    if (ended.kind !== 'returned') throw new Error(`the body could not be compiled: ${JSON.stringify(ended)}`)
    return this.call('body', ...args)
  }
}

/**
 * VMs with the script in them, one for each VU of a thread: the first one runs the init code; the others are copies of it,
 * unless somebody could tell the difference. What a copy must not have is told in host/init-operations.ts; beside that the
 * clock and random numbers, which init code has from the engine itself. The first one may be that of the first init.
 */
import type { VuContext } from '../host/vu-context.js'
import type { VmImage } from '../runtime/vm.js'
import { InitRecord } from './init-record.js'
import type { ScriptModules, ScriptVm } from './script-vm.js'

/** A VM whose memory has grown larger is not copied: the image is kept for as long as the run goes on. */
const mostImageBytes = 16 * 1024 * 1024

export interface MadeVm {
  readonly context: VuContext
  readonly script: ScriptVm
}

/** Told of the context of a VM whose init code is about to run: that knows how to interrupt it. It does not run if this throws. */
export type OnInit = (context: VuContext) => void

export interface VmMaker {
  /** What the host knows of VU `id`, before its init code. */
  context(id: number): VuContext
  /** A VM whose init code has run, with these modules. */
  initialized(context: VuContext, modules: ScriptModules): Promise<ScriptVm>
  copied(context: VuContext, image: VmImage): ScriptVm | Promise<ScriptVm>
}

/** A VM after its init code, from which others are made. */
export interface VmTemplate {
  readonly image: VmImage
  readonly record: InitRecord
}

export class VmSource {
  readonly #maker: VmMaker
  readonly #modules: ScriptModules
  readonly #copies: boolean
  /** Resolves as soon as it is known whether there is one; undefined while no VM has been asked for. */
  #template: Promise<VmTemplate | undefined> | undefined

  /** Without `copies` every VM runs the init code; with a `template` even the first one is a copy. */
  constructor(maker: VmMaker, modules: ScriptModules, copies: boolean, template?: VmTemplate) {
    this.#maker = maker
    this.#modules = modules
    this.#copies = copies
    if (template !== undefined) this.#template = Promise.resolve(template)
  }

  /** What VMs are copied from, once one was asked for; undefined when none are. */
  get template(): Promise<VmTemplate | undefined> {
    return this.#template ?? Promise.resolve(undefined)
  }

  /**
   * A VM for VU `id`. `onInit` is told when init code is about to run for it, which can be interrupted from then on.
   *
   * @throws what its init code threw, or AppError LIMIT_CPU, LIMIT_MEMORY …, SCRIPT_ABORTED when it was interrupted
   */
  async newVm(id: number, onInit: OnInit = () => {}): Promise<MadeVm> {
    if (!this.#copies) return this.#initialized(id, onInit)
    if (this.#template === undefined) return this.#first(id, onInit)
    const template = await this.#template
    return (template && (await this.#copied(id, template))) ?? this.#initialized(id, onInit)
  }

  async #initialized(id: number, onInit: OnInit, modules = this.#modules): Promise<MadeVm> {
    const context = this.#maker.context(id)
    try {
      onInit(context)
      return { context, script: await this.#maker.initialized(context, modules) }
    } catch (e) {
      context.close()
      throw e
    }
  }

  async #first(id: number, onInit: OnInit): Promise<MadeVm> {
    let settle!: (template: VmTemplate | undefined) => void
    this.#template = new Promise((resolve) => {
      settle = resolve
    })
    // Init code that waits keeps nobody else waiting: then all VUs do so at the same time.
    const record = new InitRecord(() => settle(undefined))
    try {
      const made = await this.#initialized(id, onInit, record.noting(this.#modules))
      const image = record.close() ? imageOf(made) : undefined
      settle(image && { image, record })
      return made
    } catch (e) {
      settle(undefined)
      throw e
    }
  }

  /** Undefined when this VU has to run the init code itself. */
  async #copied(id: number, { image, record }: VmTemplate): Promise<MadeVm | undefined> {
    const context = this.#maker.context(id)
    try {
      if (record.repeat(context)) return { context, script: await this.#maker.copied(context, image) }
    } catch (e) {
      context.close()
      throw e
    }
    context.close()
    return undefined
  }
}

function imageOf({ context, script: { vm } }: MadeVm): VmImage | undefined {
  const { tasks } = context
  const isAtRest = vm.isIdle && !vm.hasJobs && !vm.isInterrupted && tasks.size === 0 && tasks.waiting === 0
  const mayBeCopied = isAtRest && !vm.hasReadClock && !vm.hasDrawnRandom && vm.memory.byteLength <= mostImageBytes
  return mayBeCopied ? vm.image() : undefined
}

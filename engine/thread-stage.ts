/** One call of setup, teardown or handleSummary in a thread: in a VM of its own, from its init code to what it returned. */
import type { ThreadServices, VuContext } from '../host/vu-context.js'
import type { TagSet } from '../metrics/tag-set.js'
import { parseFailure } from '../runtime/event-loop.js'
import type { ScriptVm } from './script-vm.js'
import type { StageRequest, StageResult } from './thread-protocol.js'

export class ThreadStage {
  readonly #services: ThreadServices
  readonly #runTags: TagSet
  #script: ScriptVm | undefined
  #isInterrupted = false

  constructor(services: ThreadServices, runTags: TagSet) {
    this.#services = services
    this.#runTags = runTags
  }

  /** Ends it at once, or before it begins when its init code goes on. */
  interrupt(): void {
    this.#isInterrupted = true
    this.#script?.interrupt()
  }

  /**
   * @param newVm makes the VM
   * @throws {AppError} LIMIT_SIZE for a result that is too large, and what a dead VM or its init code leads to
   */
  async run(
    { name, argument }: StageRequest,
    newVm: () => Promise<{ context: VuContext; script: ScriptVm }>,
  ): Promise<StageResult> {
    const { context, script } = await newVm()
    const tags: Record<string, string> = Object.create(null)
    // handleSummary comes after all measuring.
    const isMeasured = name !== 'handleSummary'
    if (isMeasured && this.#services.systemTags.has('group')) tags.group = `::${name}`
    try {
      await script.enter('activate', isMeasured ? name : 'summary', JSON.stringify(tags), '{}')
      if (this.#isInterrupted) return { kind: 'interrupted' }
      this.#script = script
      const outcome = await script.stage(name, argument)
      if (isMeasured) this.#emitTraffic(context, tags)
      if (outcome.kind === 'failed') {
        this.#services.rehearsal?.threw(outcome.failure)
        return { kind: 'failed', failure: outcome.failure }
      }
      if (outcome.kind === 'interrupted') return { kind: 'interrupted' }
      return await this.#value(script, name)
    } finally {
      this.#script = undefined
      context.endWaits()
      context.close()
      script.release()
    }
  }

  async #value(script: ScriptVm, name: string): Promise<StageResult> {
    const text = await script.stageValue(name)
    if (text === undefined) return { kind: 'done', value: undefined }
    if (text.startsWith('!')) {
      const failure = parseFailure(text)
      return {
        kind: 'failed',
        failure: { ...failure, text: failure.text.replace(/^GoError: /, ''), isEncodingError: true },
      }
    }
    const limit = name === 'handleSummary' ? 'summaryBytes' : 'setupDataBytes'
    const most = this.#services.limits[limit]
    const bytes = Buffer.byteLength(text)
    if (bytes > most) {
      const message = `${name}() returned ${bytes} bytes of JSON; it may return ${most}`
      throw this.#services.gate.overLimit('LIMIT_SIZE', limit, name, 0, message)
    }
    return { kind: 'done', value: text.slice(1) }
  }

  #emitTraffic(context: VuContext, tags: Record<string, string>): void {
    const { samples, registry } = this.#services
    const set = context.tags ?? this.#runTags.withAll(Object.entries(tags))
    const traffic = context.takeTraffic()
    const time = this.#services.now()
    for (const [name, value] of [
      ['data_sent', traffic.sentBytes],
      ['data_received', traffic.receivedBytes],
    ] as const) {
      samples.add(samples.series(registry.get(name)!, set), time, value)
    }
  }
}

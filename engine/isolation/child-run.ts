/** The run in its own process: answers the calls of the parent, and tells it what a `TestRun` tells. */
import { AppError } from '../../errors.js'
import type { LogLine } from '../../host/vu-context.js'
import { type SampleBatch, sampleWidth } from '../../metrics/series.js'
import type { AuditRecord } from '../../policy/audit.js'
import type { Options } from '../options/options.js'
import type { SecretRequest } from '../secret-desk.js'
import { TestRun } from '../test-run.js'
import type { SecretAnswer } from '../thread-protocol.js'
import { cutText, fittingError, fittingFinding, fittingLine } from './fitting.js'
import type { ChildCall, ChildMessage, ChildSettings, LoadedReport, ReportedError, ResultReport } from './protocol.js'
import { stateMs, textBounds } from './protocol.js'
import { reportedError, reportOf } from './reported-error.js'
import { sampleMessages } from './sample-messages.js'

export interface Outlet {
  send(message: ChildMessage, binary?: Uint8Array): void
  /** Bytes that the parent has not taken yet. */
  readonly waitingBytes: number
}

/** A call's answer, and its binary part. */
interface Answer {
  readonly value?: unknown
  readonly binary?: Uint8Array
}

/** Beyond it samples are dropped, so that a parent that is slow does not fill the memory of the run. */
const maxWaitingBytes = 32 * 1024 * 1024
const maxOptionsBytes = 4 * 1024 * 1024
const mostTogether = 500
const lettersTogether = 256 * 1024

export class ChildRun {
  readonly #outlet: Outlet
  #run: TestRun | undefined
  #settings: ChildSettings | undefined
  #cli: Options | undefined
  #secrets = new Map<number, (answer: SecretAnswer) => void>()
  #lastSecret = 0
  #giveSummary: ((data: string) => void) | undefined
  #setupJson: string | undefined
  readonly #lines = new Heap<LogLine>((lines) => this.#outlet.send({ kind: 'log', lines }))
  readonly #records = new Heap<AuditRecord>((records) => this.#outlet.send({ kind: 'audit', records, dropped: 0 }))

  constructor(outlet: Outlet) {
    this.#outlet = outlet
    outlet.send({ kind: 'alive' })
    setInterval(() => this.#tellState(), stateMs)
  }

  /** Answers one call of the parent. */
  async answer({ id, name, argument }: ChildCall): Promise<void> {
    try {
      const { value, binary } = await this.#call(name, argument)
      this.#tellState()
      this.#send({ kind: 'answer', id, ...(value === undefined ? {} : { value }) }, binary)
    } catch (e) {
      this.#send({ kind: 'refusal', id, error: fittingError(reportOf(e)) })
    }
  }

  async #call(name: ChildCall['name'], argument: unknown): Promise<Answer> {
    switch (name) {
      case 'open':
        this.#open(argument as ChildSettings)
        return {}
      case 'load':
        return this.#load()
      case 'prepare':
        return this.#prepare(argument as Options | undefined)
      case 'execute':
        return { value: await this.#execute() }
      case 'rehearse':
        await this.#run!.rehearse(() => this.#askSummary())
        return {}
      case 'handleSummary': {
        const summary = await this.#run!.handleSummary(argument as string)
        return summary === undefined ? { value: false } : { value: true, binary: Buffer.from(summary) }
      }
      case 'setPaused':
        this.#run!.setPaused(argument as boolean)
        return {}
      case 'setSetupJson':
        await this.#run!.setSetupJson(argument as string | undefined)
        return {}
      case 'runStage':
        await this.#run!.runStage(argument as 'setup' | 'teardown')
        return {}
      case 'abort':
        this.#run!.abort(reportedError(argument as ReportedError))
        return {}
      case 'giveSecret': {
        const answer = argument as SecretAnswer
        this.#secrets.get(answer.request)?.(answer)
        this.#secrets.delete(answer.request)
        return {}
      }
      case 'giveSummary':
        this.#giveSummary?.(argument as string)
        return {}
    }
  }

  #open(settings: ChildSettings): void {
    this.#settings = settings
    const secrets = { answer: (request: SecretRequest) => this.#askSecret(request), close: () => {} }
    const layers = { ...settings.layers, cli: () => this.#cli ?? {} }
    this.#run = new TestRun(
      { ...settings, layers, secrets },
      {
        log: (line) => this.#lines.add(fittingLine(line), line.msg.length),
        audit: (record) => this.#records.add(record, record.subject.length + record.rule.length),
        finding: (finding) => this.#send({ kind: 'finding', finding: fittingFinding(finding) }),
      },
    )
    this.#run.store.relayTo((thread, batch) => this.#relay(thread, batch))
  }

  async #load(): Promise<Answer> {
    await this.#run!.load()
    const { functions, others, metrics, remotes, graph, options } = this.#run!.script!
    const value: LoadedReport = {
      functions,
      others,
      metrics,
      remotes: [...remotes],
      nativeNames: graph.nativeNames.map(([name]) => name),
    }
    if (options === undefined) return { value }
    const binary = Buffer.from(JSON.stringify(options))
    if (binary.length > maxOptionsBytes) {
      throw new AppError('LIMIT_SIZE', `the options have ${binary.length} bytes; they may have ${maxOptionsBytes}`)
    }
    return { value, binary }
  }

  async #prepare(cli: Options | undefined): Promise<Answer> {
    this.#cli = cli
    const run = this.#run!
    const { thresholds } = await run.prepare()
    const areWatched = [...thresholds.values()].some((list) => list.some(({ abortOnFail }) => abortOnFail))
    if (!areWatched && !this.#settings!.isRehearsal) run.store.keepNothing()
    return {}
  }

  async #execute(): Promise<ResultReport> {
    const { error, setupData: _, stopped, ...result } = await this.#run!.execute()
    return {
      ...result,
      error: error === undefined ? null : fittingError(reportOf(error)),
      stopped: stopped.map(({ vu, code, reason }) => ({
        vu: vu ?? null,
        code,
        reason: cutText(reason, textBounds.short),
      })),
    }
  }

  #relay(thread: number, batch: SampleBatch): void {
    // The series of those that are dropped are told: later batches use them.
    const isLate = this.#outlet.waitingBytes > maxWaitingBytes
    const droppedSamples = batch.droppedSamples + batch.samples.length / sampleWidth
    const passed = isLate ? { ...batch, samples: new Float64Array(), droppedSamples } : batch
    for (const [message, binary] of sampleMessages(thread, passed)) this.#send(message, binary)
  }

  #askSecret({ source, key }: SecretRequest): Promise<SecretAnswer> {
    const request = ++this.#lastSecret
    return new Promise((resolve) => {
      this.#secrets.set(request, resolve)
      this.#send({ kind: 'secretWanted', request, source: source ?? null, key })
    })
  }

  #askSummary(): Promise<string> {
    return new Promise((resolve) => {
      this.#giveSummary = resolve
      this.#send({ kind: 'summaryWanted' })
    })
  }

  #tellState(): void {
    const run = this.#run
    if (run === undefined) {
      this.#send({ kind: 'alive' })
      return
    }
    const { progress, isPaused, isStopping, isMarkedFailed, setupJson } = run
    if (setupJson !== this.#setupJson) {
      this.#setupJson = setupJson
      this.#send({ kind: 'setup', isSet: setupJson !== undefined }, Buffer.from(setupJson ?? ''))
    }
    const state = { ...progress, elapsedMs: progress.elapsedMs ?? null, isPaused, isStopping, isMarkedFailed }
    this.#send({ kind: 'state', state })
  }

  /** What was said before goes first. */
  #send(message: ChildMessage, binary?: Uint8Array): void {
    this.#lines.flush()
    this.#records.flush()
    this.#outlet.send(message, binary)
  }
}

/** Small things on their way: those of one turn of the event loop go together, but no more than fit into a message. */
class Heap<T> {
  readonly #flushAll: (items: T[]) => void
  #items: T[] = []
  #letters = 0

  constructor(flushAll: (items: T[]) => void) {
    this.#flushAll = flushAll
  }

  add(item: T, letters: number): void {
    if (this.#items.length === 0) queueMicrotask(() => this.flush())
    this.#items.push(item)
    this.#letters += letters
    if (this.#items.length >= mostTogether || this.#letters >= lettersTogether) this.flush()
  }

  flush(): void {
    if (this.#items.length === 0) return
    const items = this.#items
    this.#items = []
    this.#letters = 0
    this.#flushAll(items)
  }
}

/** The threads of a run, and what becomes of their reports: samples, lines, secrets, SharedArrays, ends of the test. */
import { AppError, asAppError } from '../errors.js'
import type { Finding } from '../host/rehearsal/finding.js'
import { SharedArrayRegistry } from '../host/shared-array-registry.js'
import { sampleWidth } from '../metrics/series.js'
import type { MetricStore } from '../metrics/store.js'
import type { AuditRecord } from '../policy/audit.js'
import type { Limits } from '../policy/limits.js'
import { compileEngine } from '../runtime/engine-compiler.js'
import { errorOf } from './carried-error.js'
import { ConsoleBudget, consoleLimits } from './console-budget.js'
import { Losses, type StoppedVu, type Verdict } from './losses.js'
import type { LoadedScript, RunConfig } from './run-config.js'
import type { RunLog } from './run-log.js'
import { tellDrop } from './run-losses.js'
import { failureMessage } from './script-failure.js'
import { type SecretAnswerer, SecretDesk } from './secret-desk.js'
import { answerSharedArray, type SharedArrayRequest } from './shared-array-link.js'
import type { SharedCounters } from './shared-counters.js'
import type { Observer, TestRunSettings } from './test-run-settings.js'
import { ThreadHandle, type ThreadReport } from './thread-handle.js'
import type { CallName, ThreadCalls } from './thread-protocol.js'
import { ThreadSlot } from './thread-slot.js'
import { type Stuck, Watchdog } from './watchdog.js'

export interface RunThreadsSettings {
  readonly settings: TestRunSettings
  readonly observer: Observer
  readonly counters: SharedCounters
  readonly store: MetricStore
  readonly log: RunLog
  readonly find: (finding: Finding) => void
  /** A script called `exec.test.abort` or `exec.test.fail`. */
  readonly onTestEnd: (what: 'abort' | 'fail', text: string) => void
  /** The run cannot go on. */
  readonly onTrouble: (e: AppError) => void
}

export class RunThreads {
  readonly #run: RunThreadsSettings
  readonly #all: ThreadSlot[] = []
  /** Those that go on, also those that are to take the place of lost ones. */
  readonly #threads = new Set<ThreadHandle>()
  readonly #losses: Losses
  readonly #watchdog: Watchdog
  #sharedArrays: SharedArrayRegistry | undefined
  #secrets: SecretAnswerer | undefined
  readonly #console: ConsoleBudget
  #unrecorded = 0
  #lastId = -1
  #config: RunConfig | undefined
  #startTimeMs: number | undefined
  #setupData: string | undefined
  /** Why no thread takes the place of a lost one any more. */
  #end: AppError | undefined

  constructor(run: RunThreadsSettings) {
    this.#run = run
    const { limits } = run.settings.policy
    this.#losses = new Losses(limits.vmLosses)
    this.#watchdog = new Watchdog(this.#threadLimits(), run.onTrouble)
    this.#console = new ConsoleBudget(limits)
  }

  get all(): readonly ThreadSlot[] {
    return this.#all
  }

  /** The one that has loaded the script. Stages run here. */
  get first(): ThreadSlot {
    return this.#all[0]!
  }

  /** VUs that were stopped by a limit. */
  get stopped(): readonly StoppedVu[] {
    return this.#losses.stopped
  }

  /** VUs that make no further iteration. */
  get retired(): ReadonlySet<number> {
    return this.#losses.retired
  }

  /** CPU time of all script code so far, in ms. */
  get cpuMs(): number {
    return this.#watchdog.cpuMs
  }

  /** Bytes of all SharedArrays of the run: there is one copy of each, however many VUs there are. */
  get sharedArrayBytes(): number {
    return this.#sharedArrays?.bytes ?? 0
  }

  /** Opens the sources of secrets, which scripts may ask from their first line on. @throws {AppError} USAGE */
  openSecrets(): void {
    const { settings, observer } = this.#run
    // The answers of a check are made up, in the thread.
    if (settings.isRehearsal) return
    const { secrets } = settings
    this.#secrets =
      secrets !== undefined && 'answer' in secrets
        ? secrets
        : new SecretDesk(secrets, (secret) => observer.secret?.(secret))
  }

  /** Loads the script in a first thread. @throws {AppError} */
  load(): Promise<LoadedScript> {
    this.#addSlot()
    // Nothing that runs once is worth optimizing. The thread starts meanwhile.
    return this.first.call('load', { script: this.#run.settings.script, engine: compileEngine('brief') })
  }

  /** Makes threads until there are `count`, and tells all of the run. */
  async begin(count: number, config: RunConfig): Promise<void> {
    while (this.#all.length < count) this.#addSlot()
    this.#sharedArrays = new SharedArrayRegistry(this.#run.settings.policy.limits.sharedArrayBytes, config.sharedArrays)
    await this.call('begin', config)
    this.#config = config
  }

  /** The run begins, see `ThreadCalls.start`. */
  async start(timeMs: number): Promise<void> {
    this.#startTimeMs = timeMs
    await this.call('start', timeMs)
  }

  async setSetupData(json: string | undefined): Promise<void> {
    this.#setupData = json
    await this.call('setSetupData', json)
  }

  /** Calls all of them. @throws {AppError} what the first one that fails says */
  async call<N extends CallName>(name: N, ...args: Parameters<ThreadCalls[N]>): Promise<void> {
    await Promise.all(this.#all.map((thread) => thread.call(name, ...args)))
  }

  /** Asks all of them for what they still have. One that is lost has nothing. */
  async finish(): Promise<void> {
    await Promise.allSettled(this.#all.map((thread) => thread.call('finish')))
  }

  /** Ends them all, whatever they do. */
  async close(): Promise<void> {
    this.#secrets?.close()
    this.#watchdog.close()
    this.#abandon(new AppError('INTERRUPTED', 'the run is over'))
    await Promise.all([...this.#threads].map((thread) => thread.terminate()))
  }

  /** Ends all threads, and the run with them: what they are asked from now on fails with this. */
  end(reason: AppError): void {
    this.#abandon(reason)
    for (const thread of this.#threads) thread.onStuck({ vu: undefined, error: reason })
  }

  #abandon(reason: AppError): void {
    this.#end ??= reason
    for (const slot of this.#all) slot.abandon(this.#end)
  }

  #addSlot(): void {
    const slot: ThreadSlot = new ThreadSlot(
      this.#all.length,
      this.#newThread(() => slot),
    )
    this.#all.push(slot)
  }

  #newThread(slot: () => ThreadSlot): ThreadHandle {
    const { settings, counters } = this.#run
    const { env, freezesEnv, isBaseMode, policy, isRehearsal = false, grpcTransport } = settings
    this.#lastId += 1
    const thread = new ThreadHandle(
      {
        threadIndex: this.#lastId,
        policy: { ...policy, limits: this.#threadLimits() },
        env,
        freezesEnv,
        isBaseMode,
        isRehearsal,
        ...(grpcTransport === undefined ? {} : { grpcTransport }),
        counters: counters.buffer,
        console: this.#console.buffer,
      },
      {
        onReport: (from, report) => this.#onReport(from, report),
        onLost: (lost, why) => this.#onLost(slot(), lost, why),
      },
    )
    this.#threads.add(thread)
    this.#watchdog.watch(thread)
    return thread
  }

  /** A check waits for no part of a script longer than for all others. */
  #threadLimits(): Limits {
    const { policy, isRehearsal } = this.#run.settings
    const { limits } = policy
    if (!isRehearsal) return limits
    const { checkMs } = limits
    return { ...limits, cpuMs: Math.min(limits.cpuMs, checkMs), stageCpuMs: Math.min(limits.stageCpuMs, checkMs) }
  }

  #onLost(slot: ThreadSlot, thread: ThreadHandle, why: Stuck): void {
    this.#threads.delete(thread)
    this.#watchdog.forget(thread)
    this.#sharedArrays?.abandonAll(makersOf(thread.id))
    const config = this.#config
    if (this.#end === undefined && config !== undefined) {
      const { code, message } = why.error
      const verdict = this.#losses.threadLost({ vu: why.vu, code, reason: message })
      this.#tell(slot, thread, why, verdict)
      if (verdict === 'runEnds') this.#run.onTrouble(tooManyLosses(why))
    }
    // Also when the run is to end: teardown and handleSummary need a thread.
    if (this.#end === undefined && config !== undefined) slot.replace(() => this.#replacement(slot, config))
    else slot.abandon(this.#end ?? why.error)
  }

  #tell(slot: ThreadSlot, thread: ThreadHandle, { error, vu }: Stuck, verdict: Verdict): void {
    const { log } = this.#run
    // That a stage was stopped is an error of its caller.
    if (vu !== 0) {
      const who = vu === undefined ? 'a thread of VUs' : `VU ${vu}`
      log.error(`${who} was stopped: ${error.message}`, { code: error.code })
    }
    if (verdict === 'retired') {
      log.error(`VU ${vu} makes no further iteration: its thread had to be ended twice`, { code: error.code })
    }
    const others = slot.vus.size - (vu !== undefined && slot.vus.has(vu) ? 1 : 0)
    const { unsentSamples } = thread.heartbeat
    if (others === 0 && unsentSamples === 0) return
    const lost = unsentSamples === 0 ? '' : `, and ${unsentSamples} samples were lost`
    log.warning(`${others} other VUs of its thread were restarted${lost}`)
  }

  async #replacement(slot: ThreadSlot, config: RunConfig): Promise<ThreadHandle> {
    const thread = this.#newThread(() => slot)
    const arrays = this.#sharedArrays!.arrays
    await thread.call('begin', { ...config, sharedArrays: new Map([...config.sharedArrays, ...arrays]) })
    const vus = [...slot.vus]
    await thread.call('restore', {
      vus,
      retired: vus.filter((vu) => this.#losses.retired.has(vu)),
      losses: this.#losses.vms,
      startTimeMs: this.#startTimeMs,
      setupData: this.#setupData,
    })
    return thread
  }

  #onReport(thread: ThreadHandle, report: ThreadReport): void {
    const { store, observer, log } = this.#run
    switch (report.kind) {
      case 'samples':
        this.#run.counters.add('samplesUnderWay', -report.batch.samples.length / sampleWidth)
        store.ingest(thread.id, report.batch)
        return
      case 'log':
        for (const line of report.lines) observer.log(line)
        return
      case 'audit':
        this.#onAudit(report)
        return
      case 'sharedArray':
        void this.#answerSharedArray(thread, report.request)
        return
      case 'finding':
        this.#run.find(report.finding)
        return
      case 'secretWanted':
        // A thread that has ended wants no answer, and the one in its place did not ask.
        void this.#secrets!.answer(report).then((answer) => thread.call('giveSecret', answer).catch(() => {}))
        return
      case 'testEnd':
        this.#run.onTestEnd(report.what, report.text)
        return
      case 'vmLost': {
        const { code, message, failure } = report.error
        const text = failure === undefined ? message : failureMessage(failure)
        log.error(`VU ${report.vu} was stopped: ${text}`, { code })
        const error = asAppError(errorOf(report.error))
        this.#losses.vmLost({ vu: report.vu, code: error.code, reason: text })
        if (report.isLast) this.#run.onTrouble(tooManyLosses({ vu: report.vu, error }))
      }
    }
  }

  /** Says how much of what scripts logged, and of what they were refused, is not there. Once the run is over. */
  tellDrops(): void {
    const { settings, observer, log } = this.#run
    if (this.#unrecorded > 0) {
      log.warning(`${this.#unrecorded} refusals of the policy are not on record: there were too many`)
    }
    const report = { log, limits: settings.policy.limits, audit: (record: AuditRecord) => observer.audit?.(record) }
    for (const limit of consoleLimits) tellDrop(limit, this.#console.dropped(limit), 'console lines', report)
  }

  #onAudit({ records, dropped }: Extract<ThreadReport, { kind: 'audit' }>): void {
    for (const record of records) this.#run.observer.audit?.(record)
    this.#unrecorded += dropped
  }

  /** A VM makes or asks for a SharedArray that the first init did not make. */
  async #answerSharedArray(thread: ThreadHandle, request: SharedArrayRequest): Promise<void> {
    const answer = await answerSharedArray(this.#sharedArrays!, makersOf(thread.id), request)
    // A thread that has ended wants no answer.
    if (answer !== undefined) await thread.call('sharedArray', answer).catch(() => {})
  }
}

/** What the names of a thread's VMs begin with in the registry of SharedArrays. */
const makersOf = (thread: number) => `${thread}:`

function tooManyLosses({ vu, error }: Stuck): AppError {
  if (vu === undefined) return new AppError(error.code, `too many threads of VUs were lost: ${error.message}`)
  return new AppError('LIMIT_CPU', `VU ${vu} lost too many VMs, the run is over`)
}

/** The threads of a run, and what becomes of their reports: samples, lines, secrets, SharedArrays, ends of the test. */
import { AppError } from '../errors.js'
import type { Finding } from '../host/rehearsal/finding.js'
import { SharedArrayRegistry } from '../host/shared-array-registry.js'
import type { MetricStore } from '../metrics/store.js'
import type { LoadedScript, RunConfig } from './run-config.js'
import type { RunLog } from './run-log.js'
import { failureMessage } from './script-failure.js'
import { SecretDesk } from './secret-desk.js'
import { answerSharedArray, type SharedArrayRequest } from './shared-array-link.js'
import type { SharedCounters } from './shared-counters.js'
import type { Observer, TestRunSettings } from './test-run-settings.js'
import { ThreadHandle, type ThreadReport } from './thread-handle.js'
import type { CallName, ThreadCalls } from './thread-protocol.js'

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
  readonly #all: ThreadHandle[] = []
  #sharedArrays: SharedArrayRegistry | undefined
  #secrets: SecretDesk | undefined

  constructor(run: RunThreadsSettings) {
    this.#run = run
  }

  get all(): readonly ThreadHandle[] {
    return this.#all
  }

  /** The one that has loaded the script. Stages run here. */
  get first(): ThreadHandle {
    return this.#all[0]!
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
    this.#secrets = new SecretDesk(settings.secrets, (secret) => observer.secret?.(secret))
  }

  /** Loads the script in a first thread. @throws {AppError} */
  load(): Promise<LoadedScript> {
    this.#add()
    return this.first.call('load', this.#run.settings.script)
  }

  /** Makes threads until there are `count`, and tells all of the run. */
  async begin(count: number, config: RunConfig): Promise<void> {
    while (this.#all.length < count) this.#add()
    this.#sharedArrays = new SharedArrayRegistry(this.#run.settings.policy.limits.sharedArrayBytes, config.sharedArrays)
    await this.call('begin', config)
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
    await Promise.all(this.#all.map((thread) => thread.terminate()))
  }

  #add(): void {
    const { settings, counters } = this.#run
    const { env, freezesEnv, isBaseMode, policy, isRehearsal = false } = settings
    const { limits } = policy
    const threadSettings = {
      threadIndex: this.#all.length,
      policy: isRehearsal
        ? { ...policy, limits: { ...limits, cpuMs: Math.min(limits.cpuMs, limits.checkMs) } }
        : policy,
      env,
      freezesEnv,
      isBaseMode,
      isRehearsal,
      counters: counters.buffer,
    }
    this.#all.push(new ThreadHandle(threadSettings, (index, report) => this.#onReport(index, report)))
  }

  #onReport(thread: number, report: ThreadReport): void {
    const { store, observer, log } = this.#run
    switch (report.kind) {
      case 'samples':
        store.ingest(thread, report.batch)
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
        void this.#secrets!.answer(report).then((answer) =>
          this.#all[thread]!.call('giveSecret', answer).catch(() => {}),
        )
        return
      case 'testEnd':
        this.#run.onTestEnd(report.what, report.text)
        return
      case 'vmLost': {
        const { code, message, failure } = report.error
        const text = failure === undefined ? message : failureMessage(failure)
        log.error(`VU ${report.vu} was stopped: ${text}`, { code })
        if (report.isLast) {
          this.#run.onTrouble(new AppError('LIMIT_CPU', `VU ${report.vu} lost too many VMs, the run is over`))
        }
      }
    }
  }

  #onAudit({ records, dropped }: Extract<ThreadReport, { kind: 'audit' }>): void {
    for (const record of records) this.#run.observer.audit?.(record)
    if (dropped > 0) this.#run.log.warning(`${dropped} refusals of the policy are not on record: there were too many`)
  }

  /** A VM makes or asks for a SharedArray that the first init did not make. */
  async #answerSharedArray(thread: number, request: SharedArrayRequest): Promise<void> {
    const answer = await answerSharedArray(this.#sharedArrays!, thread, request)
    // A thread that has ended wants no answer.
    if (answer !== undefined) await this.#all[thread]!.call('sharedArray', answer).catch(() => {})
  }
}

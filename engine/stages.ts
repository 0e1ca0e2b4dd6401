/** setup, teardown and handleSummary: called in a thread, ended when their time is over, their failures in k6's words. */
import { AppError, ExitCode, isAppError } from '../errors.js'
import { longestTimerMs } from '../host/longest-timer.js'
import type { ConsolidatedOptions } from './options/consolidate.js'
import type { LoadedScript } from './run-config.js'
import type { RunLog } from './run-log.js'
import { failureMessage, stackFields } from './script-failure.js'
import type { StageResult } from './thread-protocol.js'
import type { ThreadSlot } from './thread-slot.js'

type StageName = 'setup' | 'teardown' | 'handleSummary'

export interface StagesSettings {
  readonly thread: Pick<ThreadSlot, 'call' | 'ready'>
  readonly script: LoadedScript
  readonly options: Pick<ConsolidatedOptions, 'setupTimeoutMs' | 'teardownTimeoutMs' | 'handleSummaryTimeoutMs'>
  readonly log: RunLog
  /** Why the run is to end, once it is. */
  readonly whyStopped: () => AppError | undefined
}

export class Stages {
  readonly #run: StagesSettings
  #interrupt: (() => void) | undefined
  /** The end of the stage that was begun last. */
  #last: Promise<unknown> = Promise.resolve()
  /** What the script gave as the reason of the last exec.test.abort(). */
  #abortText: string | undefined

  constructor(run: StagesSettings) {
    this.#run = run
  }

  has(name: StageName): boolean {
    return this.#run.script.functions.includes(name)
  }

  /** Told of exec.test.abort(). */
  onAbort(text: string): void {
    this.#abortText = text
  }

  /** Ends a setup() at once. A teardown() is what an end leads to, and goes on. */
  interruptSetup(): void {
    this.#interrupt?.()
  }

  /** @returns what it returned, as JSON. @throws {AppError} when it failed or took too long */
  async setup(): Promise<string | undefined> {
    const { options, whyStopped } = this.#run
    const result = await this.#stage('setup', undefined, options.setupTimeoutMs)
    if (result.kind === 'failed') throw stageError(result)
    if (result.kind === 'done') return result.value
    throw (
      whyStopped() ??
      new AppError('SETUP_TIMEOUT', timeoutText('setup', options.setupTimeoutMs), {
        hint: 'You can increase the time limit via the setupTimeout option',
      })
    )
  }

  /** @param data what setup() returned, as JSON. @throws {AppError} when it failed or took too long */
  async teardown(data: string | undefined): Promise<void> {
    const { teardownTimeoutMs } = this.#run.options
    const result = await this.#stage('teardown', data, teardownTimeoutMs)
    if (result.kind === 'failed') throw stageError(result)
    if (result.kind === 'interrupted') {
      throw new AppError('TEARDOWN_TIMEOUT', timeoutText('teardown', teardownTimeoutMs), {
        hint: 'You can increase the time limit via the teardownTimeout option',
      })
    }
  }

  /**
   * @param data the argument as JSON
   * @returns what it returned as the guest half writes it; undefined asks for the usual summary. As in k6, that takes the
   *   place of a handleSummary that threw or returned nothing, not of one that could not be used otherwise
   */
  async handleSummary(data: string): Promise<string | undefined> {
    const { log, options } = this.#run
    const unusable = (error: string) => {
      log.error('failed to handle the end-of-test summary', { error })
      return '[]'
    }
    if (!this.has('handleSummary')) return unusable('exported identifier handleSummary must be a function')
    this.#abortText = undefined
    let result: StageResult
    try {
      result = await this.#stage('handleSummary', data, options.handleSummaryTimeoutMs)
    } catch (e) {
      // A limit ended it: the run is over all the same, and has its result.
      if (!isAppError(e) || e.code === 'INTERNAL') throw e
      return unusable(e.message)
    }
    if (result.kind === 'done') return result.value
    if (result.kind === 'interrupted') {
      return unusable(this.#abortText ?? timeoutText('handleSummary', options.handleSummaryTimeoutMs))
    }
    if (result.failure.isEncodingError) return unusable(result.failure.text)
    log.error(failureMessage(result.failure), stackFields)
    return undefined
  }

  /** One after the other, since they may also be asked for beside the run; each has its time from its own beginning. */
  #stage(name: StageName, argument: string | undefined, timeoutMs: number): Promise<StageResult> {
    const stage = this.#last.then(() => this.#call(name, argument, timeoutMs))
    this.#last = stage.catch(() => {})
    return stage
  }

  async #call(name: StageName, argument: string | undefined, timeoutMs: number): Promise<StageResult> {
    const { thread, whyStopped } = this.#run
    await thread.ready()
    // It was its turn too late to be interrupted.
    if (name === 'setup' && whyStopped() !== undefined) return { kind: 'interrupted' }
    const interrupt = () => void thread.call('interruptStage').catch(() => {})
    const timer = setTimeout(interrupt, Math.min(timeoutMs, longestTimerMs))
    if (name === 'setup') this.#interrupt = interrupt
    try {
      return await thread.call('stage', { name, argument })
    } finally {
      clearTimeout(timer)
      this.#interrupt = undefined
    }
  }
}

const timeoutText = (name: StageName, timeoutMs: number): string =>
  `${name}() execution timed out after ${Math.round(timeoutMs / 1000)} seconds`

function stageError({ failure }: Extract<StageResult, { kind: 'failed' }>): AppError {
  // What setup() returned could not be encoded: an error of the run and not of the script.
  if (failure.isEncodingError) return new AppError('SCRIPT_RESULT_INVALID', failure.text)
  // k6 takes a rejected promise for an error of the run and not of the script; the exit code says so.
  if (failure.isFromPromise) {
    return new AppError('SCRIPT_EXCEPTION', failureMessage(failure), { exitCode: ExitCode.generic })
  }
  return new AppError('SCRIPT_EXCEPTION', failureMessage(failure), { details: { ...stackFields } })
}

/** A thread of VUs, seen from the main thread: calls with answers, and what the thread reports by itself. */
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { Worker } from 'node:worker_threads'
import { AppError } from '../errors.js'
import { packageRoot } from '../package-root.js'
import { threadResourceLimits } from '../runtime/thread-limits.js'
import { errorOf } from './carried-error.js'
import type { ThreadSettings } from './run-config.js'
import type { CallName, ThreadCalls, ThreadMessage } from './thread-protocol.js'

export type ThreadReport = Exclude<ThreadMessage, { kind: 'answer' | 'refusal' }>

type Settle = { resolve(value: unknown): void; reject(error: unknown): void }

export class ThreadHandle {
  readonly index: number
  readonly #worker: Worker
  readonly #open = new Map<number, Settle>()
  #lastId = 0
  #death: Error | undefined
  #isEnding = false

  constructor(settings: ThreadSettings, onReport: (thread: number, report: ThreadReport) => void) {
    this.index = settings.threadIndex
    // Holds for every context that is made from now on, so for the whole thread: no schema, script or reply becomes code.
    setFlagsFromString('--disallow-code-generation-from-strings')
    this.#worker = new Worker(join(packageRoot, 'dist', 'thread.js'), {
      workerData: settings,
      resourceLimits: threadResourceLimits(settings.policy.limits),
      // The script sees what the command gave it in `settings`, and a thread's own code needs none.
      env: {},
      stdin: false,
    })
    this.#worker.on('message', (message: ThreadMessage) => {
      if (message.kind === 'answer') this.#settle(message.id)?.resolve(message.value)
      else if (message.kind === 'refusal') this.#settle(message.id)?.reject(errorOf(message.error))
      else onReport(this.index, message)
    })
    this.#worker.on('error', (e) =>
      this.#die(new AppError('INTERNAL', `a thread of VUs ended: ${e.message}`, { cause: e })),
    )
    this.#worker.on('exit', (code) => {
      if (!this.#isEnding) this.#die(new AppError('INTERNAL', `a thread of VUs ended with exit code ${code}`))
    })
  }

  #settle(id: number): Settle | undefined {
    const settle = this.#open.get(id)
    this.#open.delete(id)
    return settle
  }

  #die(error: Error): void {
    this.#death ??= error
    for (const { reject } of this.#open.values()) reject(this.#death)
    this.#open.clear()
  }

  /** Calls the thread. @throws what the thread refused with, or INTERNAL when it ended */
  call<N extends CallName>(name: N, ...args: Parameters<ThreadCalls[N]>): Promise<ReturnType<ThreadCalls[N]>> {
    if (this.#death !== undefined) return Promise.reject(this.#death)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#worker.postMessage({ id, name, argument: args[0] })
    })
  }

  /** Ends the thread, also one that is stuck in guest code. */
  async terminate(): Promise<void> {
    this.#isEnding = true
    await this.#worker.terminate()
  }
}

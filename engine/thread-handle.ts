/** A thread of VUs, seen from the main thread: calls with answers, what the thread reports by itself, and its end. */
import type { Worker } from 'node:worker_threads'
import { AppError } from '../errors.js'
import { errorOf } from './carried-error.js'
import { Heartbeat } from './heartbeat.js'
import type { ThreadSettings } from './run-config.js'
import type { CallName, ThreadCalls, ThreadMessage } from './thread-protocol.js'
import { takeWorker } from './thread-worker.js'
import type { Stuck, Watched } from './watchdog.js'

export type ThreadReport = Exclude<ThreadMessage, { kind: 'answer' | 'refusal' }>

export interface ThreadObserver {
  onReport(thread: ThreadHandle, report: ThreadReport): void
  /** The thread has ended and nobody wanted it to. What it sent before has been reported. Its calls fail after this. */
  onLost(thread: ThreadHandle, why: Stuck): void
}

/** What the calls of a thread that was lost fail with: the error that ended it. */
export class ThreadLost extends AppError {
  readonly isThreadLost = true
  readonly vu: number | undefined

  constructor({ error, vu }: Stuck) {
    super(error.code, error.message, { cause: error })
    this.vu = vu
  }
}

export const isThreadLost = (e: unknown): e is ThreadLost => e instanceof ThreadLost

type Settle = { resolve(value: unknown): void; reject(error: unknown): void }

/** A thread that waits inside the operating system does not even end when it is told to. */
const longestEndMs = 2000

export class ThreadHandle implements Watched {
  /** No other thread of the run has it, not even one that takes the place of this one. */
  readonly id: number
  readonly heartbeat = new Heartbeat()
  readonly #worker: Worker
  readonly #observer: ThreadObserver
  readonly #open = new Map<number, Settle>()
  #lastId = 0
  #death: Error | undefined
  /** Why it ends, once that is known. */
  #why: Stuck | undefined
  #isEnding = false

  constructor(settings: Omit<ThreadSettings, 'heartbeat'>, observer: ThreadObserver) {
    this.id = settings.threadIndex
    this.#observer = observer
    this.#worker = takeWorker(settings.policy.limits)
    this.#worker.postMessage({ ...settings, heartbeat: this.heartbeat.buffer } satisfies ThreadSettings)
    this.#worker.on('message', (message: ThreadMessage) => {
      if (this.#death !== undefined) return
      if (message.kind === 'answer') this.#settle(message.id)?.resolve(message.value)
      else if (message.kind === 'refusal') this.#settle(message.id)?.reject(errorOf(message.error))
      else observer.onReport(this, message)
    })
    // What cannot be read was an answer, and whoever waits for it would wait for ever.
    this.#worker.on('messageerror', (e) => this.onStuck(this.#crash(e)))
    this.#worker.on('error', (e) => {
      this.#why ??= this.#crash(e)
    })
    // By then all that it sent has been reported.
    this.#worker.on('exit', (code) => {
      this.#why ??= { vu: undefined, error: new AppError('INTERNAL', `a thread of VUs ended with exit code ${code}`) }
      this.#die(this.#why)
    })
  }

  #crash(e: Error & { code?: string }): Stuck {
    const { overMs, vu } = this.heartbeat.look()
    if (e.code !== 'ERR_WORKER_OUT_OF_MEMORY') {
      const error = new AppError('INTERNAL', `a thread of VUs ended: ${e.message}`, { cause: e })
      return { vu: undefined, error }
    }
    const text = 'its thread had no memory left for what scripts make the host keep'
    return { vu: overMs === undefined ? undefined : vu, error: new AppError('LIMIT_MEMORY', text, { cause: e }) }
  }

  #settle(id: number): Settle | undefined {
    const settle = this.#open.get(id)
    this.#open.delete(id)
    return settle
  }

  #die(why: Stuck): void {
    if (this.#death !== undefined) return
    this.#death = new ThreadLost(why)
    if (!this.#isEnding) this.#observer.onLost(this, why)
    for (const { reject } of this.#open.values()) reject(this.#death)
    this.#open.clear()
  }

  /** Calls the thread. @throws what the thread refused with, or ThreadLost when it ended */
  call<N extends CallName>(name: N, ...args: Parameters<ThreadCalls[N]>): Promise<ReturnType<ThreadCalls[N]>> {
    if (this.#death !== undefined) return Promise.reject(this.#death)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve: resolve as (value: unknown) => void, reject })
      this.#worker.postMessage({ id, name, argument: args[0] })
    })
  }

  /** Ends the thread, which is lost by that. */
  onStuck(why: Stuck): void {
    if (this.#why !== undefined) return
    this.#why = why
    void this.#worker.terminate()
    setTimeout(() => this.#die(why), longestEndMs).unref()
  }

  /** Ends the thread, also one that is stuck in guest code. */
  async terminate(): Promise<void> {
    this.#isEnding = true
    const late = new Promise<void>((resolve) => setTimeout(resolve, longestEndMs).unref())
    await Promise.race([this.#worker.terminate(), late])
  }
}

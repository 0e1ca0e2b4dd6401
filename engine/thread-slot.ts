/**
 * A place for a thread of VUs. When its thread is lost another one takes its place, and calls go to that: those that were
 * under way fail with ThreadLost, but for those that say the same to any thread, which are made again.
 */
import { AppError } from '../errors.js'
import { isThreadLost, type ThreadHandle } from './thread-handle.js'
import type { CallName, ThreadCalls } from './thread-protocol.js'

/** Calls that a new thread is told again. */
const repeated: ReadonlySet<CallName> = new Set(['start', 'setSetupData', 'initVu'])

export class ThreadSlot {
  readonly index: number
  /** The VUs that were made here. */
  readonly vus = new Set<number>()
  #thread: ThreadHandle
  /** There while the thread is being replaced, and for ever when it is not. */
  #replacement: Promise<void> | undefined

  constructor(index: number, thread: ThreadHandle) {
    this.index = index
    this.#thread = thread
  }

  /** Waits while a thread is being replaced: whoever measures a call's time need not count that. */
  async ready(): Promise<void> {
    await this.#replacement?.catch(() => {})
  }

  /** @throws what the thread refused with, or ThreadLost when it ended meanwhile */
  async call<N extends CallName>(name: N, ...args: Parameters<ThreadCalls[N]>): Promise<ReturnType<ThreadCalls[N]>> {
    for (;;) {
      if (this.#replacement !== undefined) await this.#replacement
      try {
        const answer = await this.#thread.call(name, ...args)
        if (name === 'initVu') this.vus.add(args[0] as number)
        return answer
      } catch (e) {
        if (!isThreadLost(e) || !repeated.has(name) || this.#replacement === undefined) throw e
        // This VU's own init code is what ended the thread.
        if (name === 'initVu' && e.vu === args[0]) throw e
      }
    }
  }

  /** Puts another thread here. Calls wait until `make` has it ready. */
  replace(make: () => Promise<ThreadHandle>): void {
    this.#replacement = make().then((thread) => {
      this.#thread = thread
      this.#replacement = undefined
    })
    this.#replacement.catch(() => {})
  }

  /** No thread comes here any more. */
  abandon(reason: AppError): void {
    this.#replacement = Promise.reject(new AppError(reason.code, reason.message))
    this.#replacement.catch(() => {})
  }
}

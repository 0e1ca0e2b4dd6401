/** One VU, seen from the main thread. When its thread is lost in the middle of a loop, the loop goes on in the next one. */
import type { SharedCounters } from './shared-counters.js'
import { isThreadLost } from './thread-handle.js'
import type { LoopRequest } from './thread-protocol.js'
import type { ThreadSlot } from './thread-slot.js'
import { type VuLedger, vuState } from './vu-ledger.js'

export interface VuLoop extends Omit<LoopRequest, 'vu' | 'before'> {
  /** Each iteration waits for its turn. Whoever asks for such a loop has counted the VU as idle. */
  readonly isByArrival?: boolean
}

/** What all VUs of a run share. */
export interface VuBooks {
  readonly counters: SharedCounters
  readonly ledger: VuLedger
  /** VUs that make no further iteration. */
  readonly retired: ReadonlySet<number>
}

export class VuHandle {
  readonly id: number
  readonly #thread: Pick<ThreadSlot, 'call'>
  readonly #books: VuBooks
  readonly #inScenario = new Map<number, number>()
  #iterations = 0
  #isEnding = false

  constructor(id: number, thread: Pick<ThreadSlot, 'call'>, books: VuBooks) {
    this.id = id
    this.#thread = thread
    this.#books = books
  }

  /** True when it makes no further iteration: its loops end at once. */
  get isRetired(): boolean {
    return this.#books.retired.has(this.id)
  }

  /** Runs iterations until one of the request's limits; answers how many were made. */
  async loop({ isByArrival = false, ...request }: VuLoop): Promise<number> {
    const { ledger } = this.#books
    const { scenario } = request
    this.#isEnding = false
    const history = { iterations: this.#iterations, inScenario: this.#inScenario.get(scenario) ?? 0 }
    let before = { ...history, begun: 0, hasTurn: false }
    ledger.reset(this.id)
    for (;;) {
      try {
        const begun = await this.#thread.call('loop', { ...request, vu: this.id, before })
        this.#count(scenario, begun)
        return begun
      } catch (e) {
        if (!isThreadLost(e)) throw e
        const row = this.#settle(scenario, isByArrival)
        if (this.#isEnding) {
          this.#count(scenario, row.begun)
          return row.begun
        }
        before = { ...history, begun: row.begun, hasTurn: row.hasTurn }
      }
    }
  }

  /** Puts the counters right that the lost thread could not, and prepares for the loop to go on, if it is to. */
  #settle(scenario: number, isByArrival: boolean): { begun: number; hasTurn: boolean } {
    const { counters, ledger } = this.#books
    const { state, hasTurn, begun } = ledger.read(this.id)
    if (state === vuState.iterating) {
      counters.add('activeVus', -1)
      counters.addFor(scenario, 'active', -1)
      counters.add('interrupted', 1)
      counters.addFor(scenario, 'interrupted', 1)
    }
    if (isByArrival) {
      const wasIdle = state === vuState.waiting
      const isIdle = !this.#isEnding && !hasTurn
      if (wasIdle !== isIdle) counters.addFor(scenario, 'idle', isIdle ? 1 : -1)
    }
    ledger.reset(this.id, begun)
    return { begun, hasTurn }
  }

  #count(scenario: number, begun: number): void {
    this.#iterations += begun
    this.#inScenario.set(scenario, (this.#inScenario.get(scenario) ?? 0) + begun)
  }

  /** Lets the loop end after its present iteration. */
  stop(): void {
    this.#isEnding = true
    this.#thread.call('stopLoop', this.id).catch(() => {})
  }

  /** Ends the present iteration at once. */
  interrupt(): void {
    this.#isEnding = true
    this.#thread.call('interruptVu', this.id).catch(() => {})
  }
}

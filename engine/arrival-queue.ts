/**
 * The idle VUs of one thread in one arrival-rate scenario. All threads and the main thread know when which iteration is due,
 * and share the number of the next one: a thread with an idle VU takes it when its time has come. The main thread takes, and
 * drops, those for which no thread has an idle VU. So no message is sent for an iteration, and a thread that the machine does
 * not let run for a while delays nothing that another one can do.
 */
import type { Tick } from './plan/arrival.js'
import type { SharedCounters } from './shared-counters.js'
import { type VuLedger, vuState } from './vu-ledger.js'

/** Walks along the ticks of a scenario to the one that is next for all threads. */
export class TickCursor {
  readonly #ticks: Iterator<Tick>
  readonly #counters: SharedCounters
  readonly #scenario: number
  #position = -1
  #tick: Tick | undefined

  constructor(ticks: Iterable<Tick>, counters: SharedCounters, scenario: number) {
    this.#ticks = ticks[Symbol.iterator]()
    this.#counters = counters
    this.#scenario = scenario
  }

  /** When the next tick is due, in ms after the start of the scenario; undefined when there is none left. */
  get offsetMs(): number | undefined {
    const next = this.#counters.getFor(this.#scenario, 'taken')
    while (this.#position < next) {
      const { value, done } = this.#ticks.next()
      this.#tick = done ? undefined : value
      this.#position = done ? Number.POSITIVE_INFINITY : this.#position + 1
    }
    return this.#tick?.offsetMs
  }

  /** Takes the tick that `offsetMs` told of; false when another thread was faster. */
  take(): boolean {
    return this.#counters.replaceFor(this.#scenario, 'taken', this.#position, this.#position + 1)
  }
}

/** A VU that waits for its turn. */
interface Waiting {
  readonly vu: number
  resolve(hasTurn: boolean): void
}

export interface ArrivalTimes {
  readonly scenario: number
  /** All times in ms since 1970. */
  readonly startTimeMs: number
  /** No tick is due from here on. */
  readonly endTimeMs: number
  /** And none is begun from here on, however late it is. */
  readonly lastStartMs: number
}

/** Beside a script that computes, a turn of the loop takes some milliseconds: so many turns that are that late are given in one. */
const lateMs = 2
const mostLate = 8

export class ArrivalQueue {
  readonly #times: ArrivalTimes
  readonly #counters: SharedCounters
  readonly #now: () => number
  readonly #ledger: VuLedger | undefined
  readonly #cursor: TickCursor
  /** The one that has waited longest is first. */
  #waiting: Waiting[] = []
  /** True while `#serve` will be called again. */
  #isServing = false
  #timer: NodeJS.Timeout | undefined

  constructor(
    times: ArrivalTimes,
    ticks: Iterable<Tick>,
    counters: SharedCounters,
    now: () => number,
    ledger?: VuLedger,
  ) {
    this.#ledger = ledger
    this.#times = times
    this.#counters = counters
    this.#now = now
    this.#cursor = new TickCursor(ticks, counters, times.scenario)
  }

  /**
   * Waits for the turn of a VU to begin an iteration; false when there is none any more.
   *
   * @param isFirst true when the VU comes from the main thread, which has counted it as idle
   */
  turn(vu: number, isFirst: boolean): Promise<boolean> {
    return new Promise((resolve) => {
      this.#waiting.push({ vu, resolve })
      if (!isFirst) this.#counters.addFor(this.#times.scenario, 'idle', 1)
      this.#ledger?.set(vu, vuState.waiting)
      if (!this.#isServing) this.#serve()
    })
  }

  /** Takes back that a VU was counted as idle: it does not come. */
  giveUp(vu: number): void {
    this.#release({ vu, resolve: () => {} }, false)
  }

  /** Lets a VU that waits go without a turn. */
  leave(vu: number): void {
    const found = this.#waiting.filter((waiting) => waiting.vu === vu)
    this.#waiting = this.#waiting.filter((waiting) => waiting.vu !== vu)
    for (const waiting of found) this.#release(waiting, false)
    if (this.#waiting.length > 0 || this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#isServing = false
  }

  #release({ vu, resolve }: Waiting, hasTurn: boolean): void {
    this.#counters.addFor(this.#times.scenario, 'idle', -1)
    this.#ledger?.set(vu, vuState.between)
    this.#ledger?.setTurn(vu, hasTurn)
    resolve(hasTurn)
  }

  /**
   * Gives the turn that is due, or sets the timer for the next. One at a time, unless they are late: what its VU does at once comes
   * first, and other threads can take what is due meanwhile.
   */
  #serve(): void {
    const { startTimeMs, endTimeMs, lastStartMs } = this.#times
    this.#isServing = false
    this.#timer = undefined
    let given = 0
    while (this.#waiting.length > 0) {
      const offsetMs = this.#cursor.offsetMs
      const now = this.#now()
      if (offsetMs === undefined || startTimeMs + offsetMs >= endTimeMs || now >= lastStartMs) {
        for (const waiting of this.#waiting.splice(0)) this.#release(waiting, false)
        return
      }
      const restMs = startTimeMs + offsetMs - now
      if (restMs > 0) {
        this.#isServing = true
        this.#timer = setTimeout(() => this.#serve(), Math.min(restMs, longestWaitMs))
        return
      }
      if (!this.#cursor.take()) continue
      given++
      this.#release(this.#waiting.shift()!, true)
      if (restMs >= -lateMs || given === mostLate) break
    }
    if (given === 0) return
    this.#isServing = true
    setImmediate(() => this.#serve())
  }
}

/** How long a queue sleeps at most: Node's timers know 31 bits. */
const longestWaitMs = 60_000

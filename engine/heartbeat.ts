/**
 * What a thread tells of itself by memory that it shares with the main thread: whether it is in guest code, whose, since when
 * and until when, and when its event loop last had a turn. A thread that spins sends no messages, but this can be read.
 * One writer, one reader that looks now and then: plain stores will do.
 */
import { performance } from 'node:perf_hooks'
import { type CpuLimit, cpuLimits, type Pulse } from '../runtime/pulse.js'
import { ThreadClock } from '../runtime/thread-clock.js'

/** Times in ms by the one monotonic clock of the process; 0 for none. */
const cell = {
  /** When the CPU time of the guest code that runs is over; 0 while none runs. */
  deadline: 0,
  enteredAt: 1,
  /** Whose code it is, or was last; 0 for the first init and for stages. */
  vu: 2,
  limit: 3,
  /** When the thread last did something else than what it does now. */
  aliveAt: 4,
  /** Counts all of the above. */
  beats: 5,
  /** CPU time of all guest code so far, in ms. */
  cpuMs: 6,
  /** Samples that were waiting to be handed over when guest code was entered last. */
  unsentSamples: 7,
  /** What the thread had used of a processor when this guest code was entered, or shortly before; -1 when nobody knows. */
  cpuAtEntryMs: 8,
  /** The file that tells it; 0 without. */
  clockHandle: 9,
} as const

/** One look at a thread. */
export interface Look {
  /** Stays the same while the thread does one thing. */
  readonly beats: number
  /** How long guest code is beyond its CPU time, in ms; below 0 before, undefined outside of it. */
  readonly overMs: number | undefined
  /** How long the event loop has had no turn, in ms; undefined in guest code and before the thread began. */
  readonly silentMs: number | undefined
  readonly vu: number
  readonly limit: CpuLimit
  /** What the thread has used of a processor since its guest code was entered, in ms; undefined when nobody knows. */
  readonly threadCpuMs: number | undefined
}

/** `performance` counts from the start of its thread, and knows that only by the wall clock, which somebody may set. */
const originMs = Number(process.hrtime.bigint()) / 1e6 - performance.now()
const now = () => originMs + performance.now()

export class Heartbeat {
  readonly buffer: SharedArrayBuffer
  readonly #cells: Float64Array
  #clock: ThreadClock | undefined
  /** The last that the clock said. */
  #sampledMs = -1

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(Object.keys(cell).length * 8)) {
    this.buffer = buffer
    this.#cells = new Float64Array(buffer)
  }

  /** In the thread: for the VM of `vu`. `waiting` tells how many samples were not handed over yet. */
  pulse(vu: number, waiting: () => number): Pulse {
    const cells = this.#cells
    let entryMs = -1
    let usedMs = 0
    return {
      begin: (restMs, limit, isFirst, nowMs) => {
        const time = originMs + nowMs
        if (isFirst) entryMs = this.#sampledMs
        cells[cell.cpuAtEntryMs] = entryMs
        cells[cell.vu] = vu
        cells[cell.limit] = cpuLimits.indexOf(limit)
        cells[cell.unsentSamples] = waiting()
        cells[cell.enteredAt] = time
        cells[cell.beats]!++
        cells[cell.deadline] = time + restMs
      },
      end: (nowMs) => {
        const time = originMs + nowMs
        cells[cell.deadline] = 0
        cells[cell.cpuMs]! += time - cells[cell.enteredAt]!
        cells[cell.enteredAt] = 0
        cells[cell.aliveAt] = time
        cells[cell.beats]!++
      },
      pause: () => {
        usedMs = this.#sinceMs(entryMs) ?? -1
      },
      resume: () => {
        const nowMs = this.#clock?.cpuMs() ?? -1
        entryMs = nowMs < 0 || usedMs < 0 ? -1 : nowMs - usedMs
      },
      cpuMs: () => this.#sinceMs(entryMs),
    }
  }

  /** In the thread, once: its clock can be read from now on. */
  openClock(): void {
    this.#clock = ThreadClock.own()
    this.#cells[cell.clockHandle] = this.#clock?.handle ?? 0
  }

  /** In the thread, now and then: its event loop has a turn. The clock is too slow to be read at each entry. */
  beat(): void {
    this.#sampledMs = this.#clock?.cpuMs() ?? -1
    this.#cells[cell.aliveAt] = now()
    this.#cells[cell.beats]!++
  }

  /** What the thread has used of a processor since it had used so much. */
  #sinceMs(before: number): number | undefined {
    const handle = this.#cells[cell.clockHandle]!
    if (handle === 0 || before < 0) return undefined
    this.#clock ??= new ThreadClock(handle)
    const now = this.#clock.cpuMs()
    return now === undefined ? undefined : now - before
  }

  look(): Look {
    const cells = this.#cells
    const time = now()
    const deadline = cells[cell.deadline]!
    const aliveAt = cells[cell.aliveAt]!
    const isInside = deadline > 0
    return {
      beats: cells[cell.beats]!,
      overMs: isInside ? time - deadline : undefined,
      silentMs: isInside || aliveAt === 0 ? undefined : time - aliveAt,
      vu: cells[cell.vu]!,
      limit: cpuLimits[cells[cell.limit]!] ?? 'cpuMs',
      threadCpuMs: isInside && time > deadline ? this.#sinceMs(cells[cell.cpuAtEntryMs]!) : undefined,
    }
  }

  /** CPU time of guest code, that which runs now included, in ms. */
  get cpuMs(): number {
    const cells = this.#cells
    const enteredAt = cells[cell.enteredAt]!
    return cells[cell.cpuMs]! + (enteredAt === 0 ? 0 : Math.max(0, now() - enteredAt))
  }

  /** Samples that are lost with the thread, as far as it told. */
  get unsentSamples(): number {
    return this.#cells[cell.unsentSamples]!
  }
}

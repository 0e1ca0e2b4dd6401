/**
 * Who was stopped in a run, how often and why, and what follows: another VM, none for this VU, or the end of the run.
 * Counts and decides; ends and starts nothing.
 */
import type { ErrorCode } from '../errors.js'

/** A VU that was stopped: 0 for the first init and for stages, undefined when it is not known whose code it was. */
export interface StoppedVu {
  readonly vu: number | undefined
  readonly code: ErrorCode
  readonly reason: string
}

/** What follows a loss. `retired` is a VU that makes no further iteration. */
export type Verdict = 'goesOn' | 'retired' | 'runEnds'

const maxStopped = 1000
/** A VU that has its thread ended costs others their iterations, so it may do that once. */
const mostThreads = 2

export class Losses {
  readonly stopped: StoppedVu[] = []
  /** VUs that make no further iteration. */
  readonly retired = new Set<number>()
  /** VMs that VUs have lost, by VU. */
  readonly vms = new Map<number, number>()
  readonly #threads = new Map<number | undefined, number>()
  readonly #maxVms: number

  /** @param maxVms the limit vmLosses */
  constructor(maxVms: number) {
    this.#maxVms = maxVms
  }

  /** A VU has lost its VM; its thread has decided what follows. */
  vmLost(stopped: StoppedVu & { readonly vu: number }): void {
    this.#note(stopped)
    this.#countVm(stopped.vu)
  }

  /** A thread was lost, by the code of this VU. */
  threadLost(stopped: StoppedVu): Verdict {
    this.#note(stopped)
    const { vu } = stopped
    const threads = (this.#threads.get(vu) ?? 0) + 1
    this.#threads.set(vu, threads)
    // Nobody is to blame, so nobody can be left out.
    if (vu === undefined) return threads >= this.#maxVms ? 'runEnds' : 'goesOn'
    // A stage or the first init: it fails, and is not called again.
    if (vu === 0) return 'goesOn'
    if (this.#countVm(vu) >= this.#maxVms) return 'runEnds'
    if (threads < mostThreads) return 'goesOn'
    this.retired.add(vu)
    return 'retired'
  }

  #note(stopped: StoppedVu): void {
    if (this.stopped.length < maxStopped) this.stopped.push(stopped)
  }

  #countVm(vu: number): number {
    const count = (this.vms.get(vu) ?? 0) + 1
    this.vms.set(vu, count)
    return count
  }
}

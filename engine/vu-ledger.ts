/**
 * Where each VU stands in its loop, in memory that all threads share: when a thread is lost, this is all that is left of what
 * its VUs were doing. Each row has one writer at a time.
 */

/** What of a VU's loop others have to put right when it is cut there. */
export const vuState = {
  /** Waits for its turn, or its thread does not know of the loop yet: whoever asked for the loop counts it as idle. */
  waiting: 0,
  /** Between two iterations, or about to begin one for which it has its turn. */
  between: 1,
  iterating: 2,
} as const
export type VuState = (typeof vuState)[keyof typeof vuState]

export interface VuRow {
  readonly state: VuState
  /** It has its turn for an iteration that has not begun. */
  readonly hasTurn: boolean
  /** Iterations that were begun in this loop. */
  readonly begun: number
}

const fields = 3
/** VMs of more VUs than these fit into no machine. */
const maxRows = 1_000_000

export class VuLedger {
  readonly buffer: SharedArrayBuffer
  readonly #cells: Int32Array

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer
    this.#cells = new Int32Array(buffer)
  }

  /** For VUs 1 to `maxVus`, and as many again that could not be made. What lies beyond is not noted. */
  static forVus(maxVus: number): VuLedger {
    return new VuLedger(new SharedArrayBuffer(Math.min(2 * maxVus + 2, maxRows) * fields * 4))
  }

  /** A loop is about to begin, after `begun` iterations of it in a thread that was lost. */
  reset(vu: number, begun = 0): void {
    this.#cells[vu * fields] = vuState.waiting
    this.#cells[vu * fields + 1] = 0
    this.#cells[vu * fields + 2] = begun
  }

  set(vu: number, state: VuState): void {
    this.#cells[vu * fields] = state
  }

  setTurn(vu: number, hasTurn: boolean): void {
    this.#cells[vu * fields + 1] = hasTurn ? 1 : 0
  }

  setBegun(vu: number, begun: number): void {
    this.#cells[vu * fields + 2] = begun
  }

  read(vu: number): VuRow {
    return {
      state: (this.#cells[vu * fields] ?? vuState.waiting) as VuState,
      hasTurn: this.#cells[vu * fields + 1] === 1,
      begun: this.#cells[vu * fields + 2] ?? 0,
    }
  }
}

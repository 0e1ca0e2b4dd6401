/** How VMs share a thread while more than one of them computes. The VM asks and is told; it does not know who the others are. */

export interface Turns {
  /** Whether the one who computes now is to let others go on; `nowMs` by the clock of `performance`. */
  isOver(nowMs: number): boolean
  /** How long a guest goes on before it is paused again, when unwinding its stack and rebuilding it took `pauseMs`. */
  leastMs(pauseMs: number): number
  /** Calls `goOn` once, later, when it is its turn. */
  next(goOn: () => void): void
}

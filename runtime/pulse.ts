/** Who is told when script code takes the CPU of its thread and gives it back. The VM tells; it does not know whom. */

/** The limits that an entry into guest code may run under. */
export const cpuLimits = ['cpuMs', 'initCpuMs', 'stageCpuMs'] as const
export type CpuLimit = (typeof cpuLimits)[number]

/** However busy the machine is: who has not come back after so many times of its CPU time is taken for one that never does. */
export const mostStarved = 20

export interface Pulse {
  /**
   * Guest code begins or goes on; by the clock on the wall it has `restMs` of CPU time left of what `limit` gives it.
   *
   * @param isFirst false when it goes on
   * @param nowMs what `performance.now()` of the thread said just now
   */
  begin(restMs: number, limit: CpuLimit, isFirst: boolean, nowMs: number): void
  /** It returned, or waits for something. */
  end(nowMs: number): void
  /**
   * Tells right before `end` that the guest is to go on though it waits for nothing, and `resume` right before it does: what
   * others use of the processor meanwhile is not the guest's.
   */
  pause(): void
  resume(): void
  /**
   * At most what the guest has used of a processor since the first `begin`, in ms: that of the thread, without what others used
   * while it was paused. Undefined where nobody knows.
   */
  cpuMs(): number | undefined
}

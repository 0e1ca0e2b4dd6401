/** Who is told when script code takes the CPU of its thread and gives it back. The VM tells; it does not know whom. */

/** The limits that an entry into guest code may run under. */
export const cpuLimits = ['cpuMs', 'initCpuMs', 'stageCpuMs'] as const
export type CpuLimit = (typeof cpuLimits)[number]

export interface Pulse {
  /** Guest code begins or goes on; it has `restMs` of CPU time left of what `limit` gives it. */
  begin(restMs: number, limit: CpuLimit): void
  /** It returned, or waits for something. */
  end(): void
}

/** What a process and those that it started have taken so far, by the count of the kernel. Linux only. */
import { readFileSync } from 'node:fs'

export interface ProcessUsage {
  /** User and system time of all threads, those that have ended too, in microseconds. */
  cpuMicros: number
  /** Resident memory. */
  rssBytes: number
}

/** Linux counts in hundredths of a second here, whatever its clock does. */
const microsPerTick = 10_000

/** Undefined once the process has ended. */
export function processUsage(pid: number): ProcessUsage | undefined {
  try {
    // The name of the program, in parentheses, may have spaces.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    if (kilobytes === undefined) return undefined
    let cpuMicros = (Number(fields[11]) + Number(fields[12])) * microsPerTick
    let rssBytes = Number(kilobytes) * 1024
    for (const child of readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)) {
      const usage = processUsage(Number(child))
      cpuMicros += usage?.cpuMicros ?? 0
      rssBytes += usage?.rssBytes ?? 0
    }
    return { cpuMicros, rssBytes }
  } catch {
    return undefined
  }
}

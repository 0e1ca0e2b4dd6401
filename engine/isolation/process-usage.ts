/** What a process uses, asked of the system and not of the process. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { RunResources } from '../run.js'

export interface ProcessUsage extends RunResources {
  /** Resident now. */
  readonly memoryBytes: number
}

/** The clock of /proc, on every Linux that there is. */
const ticksPerSecond = 100

/** Undefined for a process that is gone. */
export async function processUsage(pid: number): Promise<ProcessUsage | undefined> {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
}

/**
 * How long the main thread of a process was ready and had no processor, in ms since it began: the kernel's count (proc(5),
 * schedstat). Zero where nobody knows.
 */
export function waitedForCpuMs(pid: number | undefined): number {
  try {
    const [, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'latin1').split(' ').map(Number)
    return Number.isFinite(waitedNs) ? waitedNs! / 1e6 : 0
  } catch {
    return 0
  }
}

function fromProc(pid: number): ProcessUsage | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1])
    const memoryBytes = kilobytes('VmRSS') * 1024
    // What ended has no memory.
    if (Number.isNaN(memoryBytes)) return undefined
    const peak = kilobytes('VmHWM') * 1024
    // The name of the program, in brackets, may hold anything.
    const [userTicks, systemTicks] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(11, 13)
      .map(Number)
    return {
      memoryBytes,
      peakMemoryBytes: Number.isNaN(peak) ? memoryBytes : peak,
      cpuMs: ((userTicks! + systemTicks!) * 1000) / ticksPerSecond,
    }
  } catch {
    return undefined
  }
}

function fromPs(pid: number): Promise<ProcessUsage | undefined> {
  return new Promise((resolve) => {
    execFile('/bin/ps', ['-o', 'rss=,time=', '-p', String(pid)], { timeout: 2000 }, (error, stdout) => {
      const match = /^\s*(\d+)\s+(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s*$/.exec(error ? '' : stdout)
      if (match === null) return resolve(undefined)
      const [, kilobytes, days = 0, hours = 0, minutes, seconds] = match
      const memoryBytes = Number(kilobytes) * 1024
      const cpuMs = (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000
      resolve({ memoryBytes, peakMemoryBytes: memoryBytes, cpuMs })
    })
  })
}

/**
 * Loaded into a process before its program: writes the CPU time that the process took, all threads together, to the file
 * named by CPU_REPORT when it ends. Knows nothing of what the process does.
 */
import { writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const file = process.env.CPU_REPORT
if (isMainThread && file !== undefined) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime } = process.resourceUsage()
    writeFileSync(file, String(userCPUTime + systemCPUTime))
  })
}

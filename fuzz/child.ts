/** The process of one target: starts the thread that tries inputs, with the stack of a thread of VUs, and tells how it does. */
import { Worker } from 'node:worker_threads'
import { trustedLimits } from '../policy/limits.js'
import { threadResourceLimits } from '../runtime/thread-limits.js'
import type { Finding, Report, Task } from './thread.js'

/** A sign of life. `beat` is odd while a try is under way, `cpuMs` the processor time of the process. */
export interface Pulse {
  kind: 'pulse'
  beat: number
  cpuMs: number
  rssBytes: number
}

export type FromChild = Pulse | Report

const pulseMs = 200

const beat = new Int32Array(new SharedArrayBuffer(4))
const task = JSON.parse(process.argv[2] ?? '') as Omit<Task, 'beat'>
const tell = (message: FromChild) => void process.send?.(message)
const thread = new Worker(new URL('thread.js', import.meta.url), {
  workerData: { ...task, beat } satisfies Task,
  resourceLimits: threadResourceLimits(trustedLimits),
})
thread.on('message', (report: Report) => {
  tell(report)
  // A target may have left something open, which is not to be waited for.
  if (report.kind === 'done') process.disconnect()
})
// An error that nobody waits for ends the thread: the parent reads which input was under way.
thread.on('error', (e) => {
  console.error(e instanceof Error ? e.stack : e)
  process.exit(3)
})
process.on('disconnect', () => process.exit(0))
setInterval(() => {
  const { user, system } = process.cpuUsage()
  tell({
    kind: 'pulse',
    beat: Atomics.load(beat, 0),
    cpuMs: (user + system) / 1000,
    rssBytes: process.memoryUsage.rss(),
  })
}, pulseMs).unref()

export type { Finding }

/**
 * The workers of threads of VUs, before they know of a run. One can be started ahead of the time when a run wants it: it takes
 * as long to start as the command does.
 */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { packageRoot } from '../package-root.js'
import type { Limits } from '../policy/limits.js'
import { compileEngine } from '../runtime/engine-compiler.js'
import { type ThreadResources, threadResourceLimits } from '../runtime/thread-limits.js'

interface Ahead {
  readonly worker: Worker
  readonly resources: ThreadResources
  readonly forget: () => void
}

let ahead: Ahead | undefined

function newWorker(resources: ThreadResources): Worker {
  return new Worker(join(packageRoot, 'dist', 'thread.cjs'), {
    resourceLimits: resources,
    // The script sees what the command gave it in the settings, and a thread's own code needs none.
    env: {},
    stdin: false,
  })
}

/** Starts the worker that the first `takeWorker` gets if it asks for the same resources. Keeps no process alive. */
export function startWorkerAhead(limits: Limits): void {
  const resources = threadResourceLimits(limits)
  const worker = newWorker(resources)
  // While the thread has nothing yet that flags of V8 mean something for.
  compileEngine('brief')
  worker.unref()
  // One that cannot start is not taken: the next one fails where somebody is told.
  const forget = () => {
    ahead = undefined
  }
  worker.on('error', forget)
  worker.on('exit', forget)
  ahead = { worker, resources, forget }
}

/** A worker for VMs with these limits. It waits for its settings, see thread-main.ts. */
export function takeWorker(limits: Limits): Worker {
  const resources = threadResourceLimits(limits)
  const found = ahead
  if (found === undefined) return newWorker(resources)
  ahead = undefined
  const { worker, forget } = found
  if (!isSame(found.resources, resources)) {
    void worker.terminate()
    return newWorker(resources)
  }
  worker.off('error', forget)
  worker.off('exit', forget)
  worker.ref()
  return worker
}

const isSame = (one: ThreadResources, other: ThreadResources) =>
  one.stackSizeMb === other.stackSizeMb &&
  one.maxOldGenerationSizeMb === other.maxOldGenerationSizeMb &&
  one.maxYoungGenerationSizeMb === other.maxYoungGenerationSizeMb

/** The program of a thread of VUs: answers the calls of the main thread. */
import { parentPort, workerData } from 'node:worker_threads'
import { carry } from './carried-error.js'
import type { ThreadSettings } from './run-config.js'
import type { CallMessage, ThreadMessage } from './thread-protocol.js'
import { ThreadRun } from './thread-run.js'

const port = parentPort
if (port === null) throw new Error('belljar: thread-main is the program of a worker thread')

/** Text must not become code of the host in this thread, whatever a dependency does with a schema or a reply. */
function assertNoCodeGeneration(): void {
  try {
    // biome-ignore lint/security/noGlobalEval: it is here to fail
    // biome-ignore lint/complexity/noCommaOperator: an indirect eval, which sees no variables of ours
    ;(0, eval)('1')
  } catch (e) {
    if (e instanceof EvalError) return
  }
  throw new Error('belljar: this thread can turn strings into code; it must be started by engine/thread-handle.ts')
}

assertNoCodeGeneration()

const send = (message: ThreadMessage, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, transfer)
const run = new ThreadRun(workerData as ThreadSettings, send)

port.on('message', async ({ id, name, argument }: CallMessage) => {
  try {
    const value = await (run[name] as (argument: unknown) => unknown).call(run, argument)
    run.flush()
    send({ kind: 'answer', id, value })
  } catch (e) {
    run.flush()
    send({ kind: 'refusal', id, error: carry(e) })
  }
})

// A promise that nobody waits for must not end the thread with all its VUs: it is reported, and the run goes on.
process.on('unhandledRejection', (e) => {
  run.reportInternal(e)
})

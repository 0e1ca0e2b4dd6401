/** The program of a thread of VUs: answers the calls of the main thread. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
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
const run = new ThreadRun(workerData as ThreadSettings, send, poll)

/** Calls that came while a script kept the thread busy, in their order. */
let late: CallMessage[] = []

/** A script that computes without end must be interrupted without waiting for it; all other calls wait for their turn. */
function poll(busy: number): void {
  const first = late.length
  for (let got = receiveMessageOnPort(port!); got !== undefined; got = receiveMessageOnPort(port!)) {
    const call = got.message as CallMessage
    if (run.endsAtOnce(call, busy)) void answer(call)
    else late.push(call)
  }
  if (first === 0 && late.length > 0) setImmediate(answerLate)
}

function answerLate(): void {
  const calls = late
  late = []
  for (const call of calls) void answer(call)
}

port.on('message', (call: CallMessage) => {
  answerLate()
  void answer(call)
})

async function answer({ id, name, argument }: CallMessage): Promise<void> {
  try {
    const value = await (run[name] as (argument: unknown) => unknown).call(run, argument)
    run.flush()
    send({ kind: 'answer', id, value })
  } catch (e) {
    run.flush()
    send({ kind: 'refusal', id, error: carry(e) })
  }
}

// A promise that nobody waits for must not end the thread with all its VUs: it is reported, and the run goes on.
process.on('unhandledRejection', (e) => {
  run.reportInternal(e)
})

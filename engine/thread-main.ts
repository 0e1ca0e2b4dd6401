/**
 * The program of a thread of VUs, loaded by thread-start.ts: answers the calls of the main thread. Its first message has the
 * settings, so that a thread may start before anybody knows them.
 */
import { parentPort, receiveMessageOnPort } from 'node:worker_threads'
import { carry } from './carried-error.js'
import type { ThreadSettings } from './run-config.js'
import type { CallMessage, ThreadMessage } from './thread-protocol.js'
import { ThreadRun } from './thread-run.js'

const port = parentPort
if (port === null) throw new Error('belljar: thread-main is the program of a worker thread')

const send = (message: ThreadMessage, transfer: readonly ArrayBuffer[] = []) => port.postMessage(message, transfer)
let run: ThreadRun

port.once('message', (settings: ThreadSettings) => {
  run = new ThreadRun(settings, send, poll)
  port.on('message', (call: CallMessage) => {
    answerLate()
    void answer(call)
  })
})

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
  run?.reportInternal(e)
})

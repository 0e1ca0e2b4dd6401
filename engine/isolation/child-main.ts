/** The program of a run's process: a stream to the parent, without which it ends. */
import { Socket } from 'node:net'
import { deserialize } from 'node:v8'
import { ChildRun } from './child-run.js'
import { childFrame, FrameReader } from './frames.js'
import type { ChildCall } from './protocol.js'

/** Where the parent put the stream, see jail.ts. */
const descriptor = 3
/** The parent is believed: this is what a frame can have. */
const maxCallBytes = 2 ** 32 - 1

const socket = new Socket({ fd: descriptor })
const run = new ChildRun({
  send: (message, binary) => void socket.write(childFrame(message, binary)),
  get waitingBytes() {
    return socket.writableLength
  },
})
const reader = new FrameReader(maxCallBytes, (body) => void run.answer(deserialize(body) as ChildCall))
socket.on('data', (chunk: Buffer) => reader.push(chunk))
// A run whose parent is gone is of no use to anybody, and its parent is who ends it.
for (const event of ['end', 'close', 'error']) socket.on(event, () => process.exit(1))

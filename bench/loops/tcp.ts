/** The floor: as many bytes as a small call has, there and back over TCP. `node tcp.js echo ADDRESS CONNECTIONS`. */
import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Call, loopArguments, runLoop } from './loop.js'

const bytes = Buffer.alloc(100, 'bench')
const { address, connections } = loopArguments()
const [host, port] = address.split(':')

async function callOn(socket: Socket): Promise<boolean> {
  const answer = new Promise<Buffer>((resolve) => socket.once('data', resolve))
  socket.write(bytes)
  return (await answer).length === bytes.length
}

const calls: Call[] = Array.from({ length: connections }, () => {
  const socket = connect(Number(port), host)
  socket.setNoDelay(true)
  const isConnected = once(socket, 'connect')
  let isReady = false
  return async () => {
    if (!isReady) await isConnected
    isReady = true
    return callOn(socket)
  }
})
runLoop(calls)

/** The gRPC server of the healthy VUs. It counts by itself who asked how often: no number of the runtime is believed. */
import { serve } from '../../test/host/grpc/scripted-server.js'

export interface GoodServer {
  /** `127.0.0.1:PORT` */
  readonly address: string
  readonly port: number
  /** Calls of one name so far. */
  callsOf(name: string): number
  close(): Promise<void>
}

/** Answers `attack.Pulse/Beat`, whose message holds one string of fewer than 128 bytes, with what it got. */
export async function startGoodServer(): Promise<GoodServer> {
  const calls = new Map<string, number>()
  const server = await serve(async (call) => {
    const message = await call.read()
    if (message === undefined || message[0] !== 10) return call.finish({ 'grpc-status': '3' })
    const name = message.subarray(2, 2 + message[1]!).toString()
    calls.set(name, (calls.get(name) ?? 0) + 1)
    call.send(message)
    call.finish()
  })
  return {
    address: server.address,
    port: server.port,
    callsOf: (name) => calls.get(name) ?? 0,
    close: () => server.close(),
  }
}

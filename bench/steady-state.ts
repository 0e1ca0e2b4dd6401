/**
 * What a client costs once it is under way. It runs until it is stopped; when it has worked for a while after all of its
 * connections are used, the first reading is taken, and the last one some seconds later. So neither starting nor the compiler's
 * work on code that is new to it is in the difference, for whoever is measured.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { type Client, describe, type Ended, type Program, startClient } from './client-process.js'
import type { ProcessUsage } from './server/process-usage.js'
import type { Reading, ServerProcess } from './server-process.js'

export interface Period {
  /** Connections that the client opens; the warm-up begins when each was answered once. */
  readonly connections: number
  /** CPU time that the client has for warming up: on a busy machine it needs the same work, but longer. */
  readonly warmUpMs: number
  /** At least. */
  readonly measureMs: number
  /** At least so many calls are to be made in all, however long that takes. */
  readonly leastAnswered?: number
}

/** A reading of a process that is alive. */
export type Sample = Reading & { usage: ProcessUsage }

export interface SteadyState {
  /** All of them, from when all connections were used. */
  readonly samples: readonly Sample[]
  readonly first: Sample
  readonly last: Sample
  readonly ended: Ended
}

const readEveryMs = 100
/** A client that waits most of the time is warm after so many times the warm-up by the clock. */
const idleFactor = 3
/** Who has not come so far by then has failed. */
const longestMs = 300_000

/** @throws {Error} when the client ends by itself, or does not get anywhere */
export async function measureSteadyState(
  server: ServerProcess,
  program: Program,
  { connections, warmUpMs, measureMs, leastAnswered = 0 }: Period,
): Promise<SteadyState> {
  const client = startClient(program)
  const samples: Sample[] = []
  const giveUpAtMs = performance.now() + longestMs
  try {
    const { answered: before } = await server.read(client.pid)
    let first: Sample | undefined
    let last: Sample | undefined
    while (last === undefined) {
      await wait(readEveryMs)
      if (performance.now() > giveUpAtMs) throw new Error(await end(program, client, 'got nowhere'))
      const { usage, ...reading } = await server.read(client.pid)
      if (usage === undefined || client.hasEnded()) throw new Error(await end(program, client, 'ended too early'))
      const sample = { ...reading, usage, answered: reading.answered - before }
      if (samples.length === 0 && sample.connections < connections) continue
      samples.push(sample)
      if (first === undefined) {
        if (isWarm(samples[0]!, sample, warmUpMs)) first = sample
      } else if (sample.timeMs - first.timeMs >= measureMs && sample.answered >= leastAnswered) {
        last = sample
      }
    }
    client.interrupt()
    const timer = setTimeout(() => client.kill(), 60_000)
    const ended = await client.ended.finally(() => clearTimeout(timer))
    return { samples, first: first!, last, ended }
  } finally {
    client.kill()
    await client.ended
    await untilAlone(server)
  }
}

function isWarm(begin: Sample, now: Sample, warmUpMs: number): boolean {
  const workedMs = (now.usage.cpuMicros - begin.usage.cpuMicros) / 1000
  return workedMs >= warmUpMs || now.timeMs - begin.timeMs >= warmUpMs * idleFactor
}

async function end(program: Program, client: Client, what: string): Promise<string> {
  client.kill()
  return `${what}: ${describe(program, await client.ended)}`
}

/** Waits until the server has seen all connections close, so that the next client's are counted from none. */
async function untilAlone(server: ServerProcess): Promise<void> {
  for (let i = 0; i < 100 && (await server.read(process.pid)).connections > 0; i++) await wait(50)
}

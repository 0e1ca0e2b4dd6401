/**
 * Streams under load, too long for the tests: many at once with all their messages, and peers that give or take without
 * measure. Prints a line for each claim, and at the end `N passed, N failed`.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../package-root.js'
import { type RunOptions, type RunOutcome, runScript } from '../support/run-script.js'
import { floodBytes, startStressServer } from './server.js'

const messages = 1000
const streamsAtOnce = 25
const rounds = 20
/**
 * What may leave a server whose messages nobody takes: the window of a stream, and what the kernel keeps for a connection
 * on both sides. Far less than the flood, whatever the machine.
 */
const boundedBytes = 24 * 1024 * 1024
/** As docs/limits.md has it for messages that wait to be sent, and the same for what the kernel keeps. */
const unsentBytes = 16 * 1024 * 1024

const prelude = `
  import grpc from 'k6/net/grpc'
  import { Counter } from 'k6/metrics'
  const client = new grpc.Client()
  client.load(null, 'stress.proto')
  const connect = () => client.connect(__ENV.ADDRESS, { plaintext: true })
`

/** Streams of one method, several at once in each of four VUs; whatever is not the next message makes a line. */
const inOrder = (method: string, write: string) => `${prelude}
  export const options = { vus: 4, iterations: ${rounds} }
  const delivered = new Counter('delivered')
  export default function () {
    if (__ITER === 0) connect()
    for (let i = 0; i < ${streamsAtOnce}; i++) {
      const stream = new grpc.Stream(client, 'stress.Streams/${method}')
      let next = 0
      stream.on('data', ({ number }) => {
        if (number !== next) console.log('wanted', next, 'got', number)
        next = number + 1
      })
      stream.on('error', (e) => console.log('error', e.message))
      stream.on('end', () => delivered.add(next))
      ${write}
      stream.end()
    }
  }`

const server = await startStressServer(messages)
const counts = { passed: 0, failed: 0 }

function run(script: string, options: RunOptions = {}): Promise<RunOutcome> {
  const mainUrl = pathToFileURL(join(packageRoot, 'test/stress/stress.js')).href
  return runScript(script, {
    ...options,
    env: { ADDRESS: server.address },
    settings: { script: { mainUrl, source: script } },
  })
}

async function claim(what: string, prove: () => Promise<void>): Promise<void> {
  try {
    await prove()
    counts.passed += 1
    console.log(`✔ ${what}`)
  } catch (e) {
    counts.failed += 1
    console.log(`✘ ${what}\n${e instanceof Error ? e.message : e}`)
  }
}

const megabytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MB`

function assertBelow(bytes: number, bound: number): void {
  assert.ok(bytes < bound, `${megabytes(bytes)} is not below ${megabytes(bound)}`)
}

const streams = streamsAtOnce * rounds
for (const [method, write] of [
  ['Down', 'stream.write({})'],
  ['Both', `for (let number = 0; number < ${messages}; number++) stream.write({ number })`],
] as const) {
  await claim(`${streams} streams of ${messages} messages arrive whole and in order (${method})`, async () => {
    const { said, errors, count } = await run(inOrder(method, write), { threads: 2 })
    assert.deepEqual([said.slice(0, 5), errors], [[], []])
    assert.equal(count('grpc_streams'), streams)
    assert.equal(count('delivered'), streams * messages)
    assert.equal(count('grpc_streams_msgs_received'), streams * messages)
  })
}

await claim('a flood waits for a listener that sleeps, and other calls get through meanwhile', async () => {
  const { said, errors } = await run(`${prelude}
    export default function () {
      connect()
      const stream = new grpc.Stream(client, 'stress.Streams/Flood')
      let count = 0
      stream.on('data', () => {
        if (count++ > 0) return
        console.log(client.invoke('stress.Streams/Stopped', {}, { timeout: '60s' }).status)
        client.close()
      })
      stream.on('error', (e) => console.log(e.message))
      stream.on('end', () => console.log('end'))
      stream.write({})
    }`)
  assert.deepEqual(errors, [])
  assert.deepEqual(said, ['0', 'canceled by client (k6)', 'end'])
  assertBelow(server.floodedBytes(), boundedBytes)
})

await claim('a flood waits for a listener that never returns, until its VM is dropped', async () => {
  const { error } = await run(
    `${prelude}
    export default function () {
      connect()
      const stream = new grpc.Stream(client, 'stress.Streams/Flood')
      stream.on('data', () => { for (;;); })
      stream.write({})
    }`,
    { limits: { cpuMs: 2000, vmLosses: 1 } },
  )
  assert.match(String(error?.message), /lost too many VMs/)
  assertBelow(server.floodedBytes(), boundedBytes)
})

await claim('a script that writes without end to a server that reads nothing is stopped', async () => {
  const before = server.receivedBytes()
  const { error, count } = await run(
    `${prelude}
    const load = '${Buffer.alloc(48 * 1024).toString('base64')}'
    export default function () {
      connect()
      const stream = new grpc.Stream(client, 'stress.Streams/Ignore')
      for (;;) stream.write({ load })
    }`,
    { limits: { cpuMs: 4000, vmLosses: 1 } },
  )
  assert.match(String(error?.message), /lost too many VMs/)
  assertBelow((count('grpc_streams_msgs_sent') ?? 0) * 48 * 1024, unsentBytes)
  assertBelow(server.receivedBytes() - before, boundedBytes)
})

console.log(`of ${megabytes(floodBytes)} the last flood sent ${megabytes(server.floodedBytes())}`)
await server.close()
console.log(`${counts.passed} passed, ${counts.failed} failed`)
process.exitCode = counts.failed === 0 ? 0 : 1

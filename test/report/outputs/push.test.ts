import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { SampleBuffer } from '../../../metrics/sample-buffer.js'
import { CounterSink } from '../../../metrics/sink.js'
import { TagSet } from '../../../metrics/tag-set.js'
import { createOutput } from '../../../report/outputs/index.js'
import { OutputTrouble } from '../../../report/outputs/output-trouble.js'
import {
  type PushRequest,
  SendError,
  SendQueue,
  type SendQueueOptions,
} from '../../../report/outputs/push/send-queue.js'
import { SeriesTable } from '../../../report/outputs/push/series-table.js'
import { deadPort } from '../../host/grpc/scripted-server.js'
import { feed, newStore, type RunSample } from '../../metrics/run-of.js'
import { httpReceiver, readRemoteWrite } from './receivers.js'
import { runWith } from './run-with.js'

/** A queue of requests that are told apart by their first byte, which come to be sent one by one. */
function queueOf(answers: ((n: number) => Promise<void> | void)[], options: Partial<SendQueueOptions> = {}) {
  const log: string[] = []
  const sent: number[] = []
  const trouble = new OutputTrouble({ output: 'x', unit: 'points', log: (text) => log.push(text), intervalMs: 1e9 })
  const queue = new SendQueue({
    send: async ({ body }) => {
      await answers.shift()?.(body[0]!)
      sent.push(body[0]!)
      return undefined
    },
    trouble,
    firstPauseMs: 1,
    ...options,
  })
  const end = async (ms = 5000) => {
    await queue.end(ms)
    trouble.end()
  }
  return { queue, sent, log, end }
}

const request = (n: number, points = 10): PushRequest => ({ body: new Uint8Array([n, 0, 0, 0]), points })
const busy = () => {
  throw new SendError('busy', true)
}

describe('SendQueue', () => {
  it('sends in order, again and again until a request is taken', async () => {
    const { queue, sent, log, end } = queueOf([busy, busy])
    for (const n of [1, 2, 3]) queue.offer(request(n))
    await end()
    assert.deepEqual(sent, [1, 2, 3])
    assert.deepEqual(log, [
      'output x: busy (0 points lost so far, 1 failed attempts)',
      'output x: busy (0 points lost so far, 2 failed attempts)',
    ])
  })

  it('drops what is refused, and goes on', async () => {
    const refuse = () => {
      throw new SendError('bad request', false)
    }
    const { queue, sent, log, end } = queueOf([refuse])
    for (const n of [1, 2]) queue.offer(request(n))
    await end()
    assert.deepEqual(sent, [2])
    assert.deepEqual(log, ['output x: bad request (10 points lost so far)'])
  })

  it('makes room for what is new by dropping the oldest that is not under way', async () => {
    let release = () => {}
    const { queue, sent, log, end } = queueOf([() => new Promise<void>((resolve) => (release = resolve))], {
      maxBytes: 12,
    })
    for (const n of [1, 2, 3, 4, 5]) queue.offer(request(n))
    await delay(1)
    release()
    await end()
    assert.deepEqual(sent, [1, 4, 5])
    assert.deepEqual(log, [
      'output x: the receiver is too slow, the queue is full (10 points lost so far)',
      'output x: the receiver is too slow, the queue is full (20 points lost so far)',
    ])
  })

  it('gives up at the end, and says what was lost and why', async () => {
    const { queue, sent, log, end } = queueOf(Array(1000).fill(busy))
    for (const n of [1, 2]) queue.offer(request(n))
    await end(50)
    assert.deepEqual(sent, [])
    assert.match(log.at(-1) ?? '', /^output x: busy \(20 points lost so far, \d+ failed attempts\)$/)
  })

  it('waits as long as the receiver asks for, but not beyond the end of the run', async () => {
    const later = () => {
      throw new SendError('later', true, 3_600_000)
    }
    const { queue, sent, end } = queueOf([later])
    queue.offer(request(1))
    await delay(5)
    await end()
    assert.deepEqual(sent, [1])
  })
})

describe('SeriesTable', () => {
  it('adds up series over all threads, and counts samples of series beyond its limit', () => {
    const log: string[] = []
    const trouble = new OutputTrouble({ output: 'x', unit: 'samples', log: (text) => log.push(text) })
    const table = new SeriesTable(() => new CounterSink(), trouble, 2)
    const store = newStore()
    store.onSamples((batch) => table.add(batch))
    feed(store, [
      ['cnt', 1, { a: '1' }],
      ['cnt', 2, { a: '2' }],
      ['cnt', 4, { a: '3' }],
      ['gau', 8, { a: '1' }],
    ])
    const sums = () => table.takeChanged().map(({ metric, tags, sink }) => [metric.name, tags.get('a'), sink.sum])
    assert.deepEqual(sums(), [
      ['cnt', '1', 1],
      ['cnt', '2', 2],
    ])
    assert.deepEqual(log, ['output x: there are more than 2 series (2 samples lost so far)'])
    const other = new SampleBuffer()
    other.add(other.series(store.registry.get('cnt')!, TagSet.from([['a', '2']]), TagSet.from([['vu', '7']])), 0, 16)
    store.ingest(2, other.take()!)
    assert.deepEqual(sums(), [['cnt', '2', 18]])
    assert.deepEqual(sums(), [])
    assert.equal(table.all().length, 2)
  })
})

describe('an output whose receiver', () => {
  const samples: RunSample[] = [
    ['cnt', 1],
    ['gau', 2],
  ]
  const pushTo = (address: string, more = {}) =>
    runWith('experimental-prometheus-rw', samples, {
      environment: { K6_PROMETHEUS_RW_SERVER_URL: `http://${address}/` },
      stopTimeoutMs: 250,
      ...more,
    })

  it('is not there, loses the samples and says so', async () => {
    const address = `127.0.0.1:${await deadPort()}`
    const { errors } = await pushTo(address)
    assert.match(errors[0] ?? '', new RegExp(`${address} could not be reached: .*ECONNREFUSED.* \\(0 data points lost`))
    assert.match(errors.at(-1) ?? '', /ECONNREFUSED.* \(3 data points lost so far, \d+ failed attempts\)$/)
  })

  it('fails at first, gets everything', async () => {
    const receiver = await httpReceiver((response, index) =>
      response.writeHead(index < 2 ? 500 : 204).end('oh\u001b[2J'),
    )
    const { errors } = await pushTo(receiver.address, { stopTimeoutMs: 10_000 })
    await receiver.close()
    assert.equal(receiver.received.length, 3)
    assert.deepEqual(readRemoteWrite(receiver.received[2]!.body), readRemoteWrite(receiver.received[0]!.body))
    assert.match(errors[0] ?? '', /answered with HTTP status 500: oh\\u001b\[2J \(0 data points lost so far, 1 failed/)
  })

  it('refuses what it gets, is not asked again', async () => {
    const receiver = await httpReceiver((response) => response.writeHead(400).end('out of order'))
    const { errors } = await pushTo(receiver.address)
    await receiver.close()
    assert.equal(receiver.received.length, 1)
    assert.match(errors.join(), /HTTP status 400: out of order \(3 data points lost so far\)$/)
  })

  it('redirects, is not followed', async () => {
    const receiver = await httpReceiver((response) => response.writeHead(307, { location: 'http://192.0.2.1/' }).end())
    const { errors } = await pushTo(receiver.address)
    await receiver.close()
    assert.match(errors.join(), /HTTP status 307 \(3 data points lost so far\)$/)
  })

  for (const [title, answer] of [
    ['never answers', () => {}],
    ['hangs up', (socket: Socket) => socket.destroy()],
    ['answers with garbage', (socket: Socket) => socket.end('\0\u001b[2Jnot HTTP\r\n\r\n')],
    ['answers without end', (socket: Socket) => void socket.write(`HTTP/1.1 500 No\r\n\r\n${'x'.repeat(100_000)}`)],
  ] as const) {
    it(`${title}, cannot keep the run from ending`, async () => {
      const sockets = new Set<Socket>()
      const server = createServer((socket) => {
        sockets.add(socket)
        socket.on('error', () => {})
        socket.once('data', () => answer(socket))
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { errors } = await pushTo(`127.0.0.1:${(server.address() as AddressInfo).port}`)
      assert.match(errors.at(-1) ?? '', /\(3 data points lost so far/)
      assert.ok(!errors.join().includes('\u001b') && errors.join().length < 10_000)
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    })
  }

  it('is slow, keeps neither the run nor another output waiting', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'outputs-'))
    const path = join(folder, 'a.json')
    const receiver = await httpReceiver(() => {})
    const errors: string[] = []
    const store = newStore()
    const context = {
      store,
      thresholds: new Map(),
      run: { script: 'script.js', summary: '', scenarios: [], options: {} },
      systemTags: [],
      stdout: { write: () => {} },
      onError: (error: string) => errors.push(error),
      stopTimeoutMs: 250,
      environment: {
        K6_PROMETHEUS_RW_SERVER_URL: `http://${receiver.address}/`,
        K6_PROMETHEUS_RW_PUSH_INTERVAL: '5ms',
        K6_OTEL_GRPC_EXPORTER_INSECURE: 'true',
        K6_OTEL_GRPC_EXPORTER_ENDPOINT: receiver.address,
      },
    }
    const outputs = [
      await createOutput('experimental-prometheus-rw', context),
      await createOutput('opentelemetry', context),
      await createOutput(`json=${path}`, context),
    ]
    for (const output of outputs) store.onSamples((batch) => output.add(batch))
    for (let i = 0; i < 20; i++) {
      feed(store, [['cnt', 1]])
      await delay(5)
    }
    await Promise.all(outputs.map((output) => output.stop()))
    await receiver.close()
    assert.equal(readFileSync(path, 'utf8').split('\n').length, 1 + 20 + 1)
    assert.match(errors.join('\n'), /output experimental-prometheus-rw: .* \(\d+ data points lost so far/)
    assert.match(errors.join('\n'), /output opentelemetry: .* \(1 data points lost so far/)
    rmSync(folder, { recursive: true })
  })
})

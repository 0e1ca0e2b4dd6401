/** The yardstick: @grpc/grpc-js and nothing else. `node grpc-js.js KIND ADDRESS CONNECTIONS`, see `kinds`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  type ServiceClientConstructor,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import { packageRoot } from '../../package-root.js'
import { downloadBytes } from '../server/answers.js'
import { echoMessages, feedMessages, unaryBatch } from '../workload.js'
import { type Call, loopArguments, runLoop } from './loop.js'

type Unary<Request, Response> = (request: Request, done: (error: Error | null, response?: Response) => void) => void

interface FeedMessage {
  text: string
}

interface BenchClient extends Client {
  greet: Unary<{ greeting: string }, { reply: string }>
  download: Unary<object, { content: Buffer }>
  feed(request: { count: number }): ClientReadableStream<FeedMessage>
  echo(): ClientDuplexStream<FeedMessage, FeedMessage>
}

const greet = (client: BenchClient): Promise<boolean> =>
  new Promise((resolve) => {
    client.greet({ greeting: 'bench' }, (error, response) => resolve(!error && response?.reply === 'hello bench'))
  })

const download = (client: BenchClient): Promise<boolean> =>
  new Promise((resolve) => {
    client.download({}, (error, response) => resolve(!error && response?.content.length === downloadBytes))
  })

/** Reads a stream to its end. */
function drain(stream: ClientReadableStream<FeedMessage>, wanted: number, onMessage = () => {}): Promise<boolean> {
  let count = 0
  return new Promise((resolve) => {
    stream.on('data', ({ text }: FeedMessage) => {
      if (text.length > 0) count++
      onMessage()
    })
    stream.on('end', () => resolve(count === wanted))
    stream.on('error', () => resolve(false))
  })
}

/** The next message is sent when the one before has come back. */
function echo(client: BenchClient): Promise<boolean> {
  const stream = client.echo()
  const message = { text: 'tick '.repeat(10).slice(0, 48) }
  let left = echoMessages
  const next = () => (left-- > 0 ? stream.write(message) : stream.end())
  next()
  return drain(stream as ClientReadableStream<FeedMessage>, echoMessages, next)
}

const batch = (client: BenchClient): Promise<boolean> =>
  Promise.all(Array.from({ length: unaryBatch }, () => greet(client))).then((all) => all.every(Boolean))

const kinds: Readonly<Record<string, (client: BenchClient) => Promise<boolean>>> = {
  greet,
  greetTls: greet,
  greetOnce: greet,
  batch,
  download,
  feed: (client) => drain(client.feed({ count: feedMessages }), feedMessages),
  echo,
}

const { kind, address, connections } = loopArguments()
const call = kinds[kind]
if (call === undefined) throw new Error(`${kind} is none of ${Object.keys(kinds).join(', ')}`)
const definition = loadPackageDefinition(loadSync(join(packageRoot, 'bench/bench.proto')))
const { Bench } = definition.bench as unknown as { Bench: ServiceClientConstructor }
const ca = readFileSync(join(packageRoot, 'examples/server/tls/ca.pem'))
const security = kind === 'greetTls' ? credentials.createSsl(ca) : credentials.createInsecure()
const options = { 'grpc.use_local_subchannel_pool': 1 }
const calls: Call[] = Array.from({ length: connections }, () => {
  const client = new Bench(address, security, options) as unknown as BenchClient
  return () => call(client)
})
runLoop(calls, kind === 'greetOnce')

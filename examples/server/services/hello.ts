/** hello.HelloService: greetings in the four shapes of a method. */
import { type Metadata, status, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { bidiStreaming, clientStreaming, serverStreaming, unary } from '../handlers.js'
import { StatusError } from '../status-error.js'

interface HelloRequest {
  greeting: string
}

interface HelloResponse {
  reply: string
}

const replyCount = 10
/** So that a stream of any length needs bounded memory. */
const namedGuestsMax = 100

const hello = (guest: string): string => `hello ${guest || 'world'}`

/** Fails the first attempts of a call, as many as its metadata asks for, so that a script can see retries. */
function failAttempts(metadata: Metadata): void {
  const number = (key: string): number => Number(metadata.get(key)[0] ?? 0)
  const attempt = number('grpc-previous-rpc-attempts') + 1
  if (attempt <= number('fail-attempts')) throw new StatusError(status.UNAVAILABLE, `attempt ${attempt} fails`)
}

/** The methods of hello.HelloService. */
export const helloService: UntypedServiceImplementation = {
  SayHello: unary<HelloRequest, HelloResponse>(({ greeting }, metadata) => {
    failAttempts(metadata)
    return { reply: hello(greeting) }
  }),

  LotsOfReplies: serverStreaming<HelloRequest, HelloResponse>(function* ({ greeting }) {
    for (let n = 1; n <= replyCount; n++) yield { reply: `${hello(greeting)}, ${n} of ${replyCount}` }
  }),

  LotsOfGreetings: clientStreaming<HelloRequest, HelloResponse>(async (requests) => {
    const guests: string[] = []
    let unnamed = 0
    for await (const { greeting } of requests) {
      if (guests.length < namedGuestsMax) guests.push(greeting)
      else unnamed++
    }
    return { reply: hello(guests.join(', ')) + (unnamed > 0 ? ` and ${unnamed} more` : '') }
  }),

  BidiHello: bidiStreaming<HelloRequest, HelloResponse>(async (requests, send) => {
    for await (const { greeting } of requests) await send({ reply: hello(greeting) })
  }),
}

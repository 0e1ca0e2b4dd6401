/**
 * The transport of a check: dials nobody, and answers every call at once with status OK and a message that it is given.
 * A method with one reply gets it when the script's messages are complete; one with many gets some for each message.
 */
import { AppError } from '../../../errors.js'
import { parseTarget, TargetError } from '../../../policy/target.js'
import { endpointOf } from '../server-name.js'
import { connectionClosing, deadlineExceeded, type Ending, Status } from '../status.js'
import type {
  CallResult,
  CallStatus,
  ClientStream,
  Connection,
  DialOptions,
  ReceivedMetadata,
  StreamCall,
  Transport,
  UnaryCall,
} from '../transport.js'

/** The bytes of the answer to a call of this path. */
export type AnswerOf = (path: string) => Uint8Array

/** The address that calls seem to go to, of the range for documentation (RFC 5737). */
const remoteIp = '192.0.2.1'
const none: ReceivedMetadata = new Map()
/** Answers of a server that streams to each message of the script. */
const answersToEach = 2

export class RehearsalTransport implements Transport {
  readonly #answerOf: AnswerOf

  constructor(answerOf: AnswerOf) {
    this.#answerOf = answerOf
  }

  async connect({ address, timeoutMs }: DialOptions): Promise<Connection> {
    if (timeoutMs <= 0) throw new AppError('CONNECT_FAILED', 'context deadline exceeded')
    try {
      parseTarget(address)
    } catch (e) {
      if (!(e instanceof TargetError)) throw e
      throw new AppError(
        'CONNECT_FAILED',
        `connection error: desc = "transport: error while dialing: dial tcp: ${e.message}"`,
      )
    }
    return new RehearsalConnection(endpointOf(address), this.#answerOf)
  }
}

class RehearsalConnection implements Connection {
  readonly address: string
  readonly bytesSent = 0
  readonly bytesReceived = 0
  readonly peers = 1
  readonly #answerOf: AnswerOf
  #isClosed = false

  constructor(address: string, answerOf: AnswerOf) {
    this.address = address
    this.#answerOf = answerOf
  }

  async unary({ path, deadlineMs }: UnaryCall): Promise<CallResult> {
    const refused = this.#refusal(deadlineMs)
    if (refused !== undefined) return { ...refused, headers: none, trailers: none }
    return { ...ok(), remoteIp, response: this.#answerOf(path) }
  }

  stream(call: StreamCall): ClientStream {
    return new RehearsedStream(call, this.#refusal(call.deadlineMs), () => this.#answerOf(call.path))
  }

  handle(): Connection {
    return new RehearsalConnection(this.address, this.#answerOf)
  }

  close(): void {
    this.#isClosed = true
  }

  #refusal(deadlineMs: number | undefined): Ending | undefined {
    if (this.#isClosed) return connectionClosing
    return deadlineMs !== undefined && deadlineMs <= 0 ? deadlineExceeded : undefined
  }
}

const ok = (): CallStatus => ({ status: Status.ok, message: '', headers: none, trailers: none })

/** One stream. Everything it says it says later, never before the function that led to it has returned. */
class RehearsedStream implements ClientStream {
  readonly #call: StreamCall
  readonly #answer: () => Uint8Array
  #waiting: (() => void)[] = []
  #isScheduled = false
  #isPaused = false
  #isOver = false
  #hasEnded = false

  constructor(call: StreamCall, refused: Ending | undefined, answer: () => Uint8Array) {
    this.#call = call
    this.#answer = answer
    if (refused !== undefined) {
      this.#later(() => this.#finish({ ...refused, headers: none, trailers: none }))
      return
    }
    call.onStart?.(remoteIp)
    this.#later(() => call.onHeaders?.(none))
  }

  write(): boolean {
    if (this.#hasEnded || this.#isOver || !this.#call.isServerStreaming) return true
    for (let i = 0; i < answersToEach; i++) this.#later(() => this.#call.onMessage(this.#answer()))
    return true
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (!this.#call.isServerStreaming) this.#later(() => this.#call.onMessage(this.#answer()))
    this.#later(() => this.#finish(ok()))
  }

  cancel(): void {
    if (this.#isOver) return
    this.#waiting = []
    this.#isPaused = false
    this.#later(() =>
      this.#finish({ status: Status.canceled, message: 'context canceled', headers: none, trailers: none }),
    )
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#schedule()
  }

  #finish(status: CallStatus): void {
    this.#isOver = true
    this.#waiting = []
    this.#call.onEnd(status)
  }

  #later(step: () => void): void {
    this.#waiting.push(step)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#waiting.length === 0) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      while (!this.#isPaused && !this.#isOver) {
        const step = this.#waiting.shift()
        if (step === undefined) return
        step()
      }
    })
  }
}

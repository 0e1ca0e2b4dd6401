/**
 * Makes a call again as its policy says, as long as the server has not answered and all that was sent is still at hand
 * (gRFC A6). It stands above the transport, whose calls stay as they are: an attempt is a whole call with what is left of
 * the time. That is why a retried call finds its connection anew, and waits for one that is down as any other call does.
 */
import { longestTimerMs } from '../longest-timer.js'
import { AttemptCount, type RetryPolicy } from './retry-policy.js'
import { contextCanceled, deadlineExceeded, type Ending } from './status.js'
import type { CallResult, CallStart, CallStatus, ClientStream, Connection, StreamCall, UnaryCall } from './transport.js'

/** Messages of one call that are kept to be sent again, in bytes; grpc-go's size. A call that has sent more is not retried. */
const replayLimitBytes = 256 * 1024
/** What keeping a message costs besides its bytes. */
const messageOverheadBytes = 64

/** What the attempts of one call have in common: their number, their time, and who ends them. */
export class Attempts {
  readonly #count: AttemptCount
  readonly #signal: AbortSignal | undefined
  readonly #endsAtMs: number
  /** Ends the pause that is under way. */
  #endPause: ((ending: Ending | undefined) => void) | undefined
  #isStopped = false

  constructor(policy: RetryPolicy, { deadlineMs, signal }: CallStart) {
    this.#count = new AttemptCount(policy, Math.random)
    this.#signal = signal
    this.#endsAtMs = performance.now() + (deadlineMs ?? Number.POSITIVE_INFINITY)
  }

  /** What sets one more attempt apart from the others. */
  next(): Pick<CallStart, 'deadlineMs' | 'previousAttempts'> {
    const previousAttempts = this.#count.made
    this.#count.add()
    return this.#endsAtMs === Number.POSITIVE_INFINITY
      ? { previousAttempts }
      : { previousAttempts, deadlineMs: this.#leftMs }
  }

  /** Milliseconds to wait for another attempt after one that ended before the server's headers; undefined: there is none. */
  pauseMsAfter(result: CallStatus): number | undefined {
    if (this.#isStopped || this.#signal?.aborted || this.#leftMs <= 0) return undefined
    return this.#count.pauseMsAfter(result)
  }

  /** Waits; the result is why the call ends meanwhile, if it does. */
  pause(pauseMs: number): Promise<Ending | undefined> {
    const untilMs = performance.now() + Math.min(pauseMs, longestTimerMs)
    return new Promise((resolve) => {
      let timer: NodeJS.Timeout | undefined
      const end = (ending: Ending | undefined) => {
        clearTimeout(timer)
        this.#signal?.removeEventListener('abort', onAbort)
        this.#endPause = undefined
        resolve(ending)
      }
      const onAbort = () => end(contextCanceled)
      const wait = () => {
        const now = performance.now()
        if (now >= this.#endsAtMs) end(deadlineExceeded)
        else if (now >= untilMs) end(undefined)
        // Timers may fire a moment early.
        else timer = setTimeout(wait, Math.ceil(Math.min(untilMs, this.#endsAtMs) - now))
      }
      this.#endPause = end
      this.#signal?.addEventListener('abort', onAbort)
      wait()
    })
  }

  /** There are no further attempts; a pause ends at once. An attempt that is under way is the caller's matter. */
  stop(ending: Ending): void {
    this.#isStopped = true
    this.#endPause?.(ending)
  }

  get #leftMs(): number {
    return this.#endsAtMs - performance.now()
  }
}

/** The end of a call that was ended between two attempts, `last` being how the one before it ended. */
function endedBetween(last: CallStatus, { status, message }: Ending): CallStatus {
  return { ...last, status, message, details: undefined, headers: new Map(), trailers: new Map() }
}

/** A call with one request and one reply. Never rejects. */
export async function retryUnary(connection: Connection, call: UnaryCall, attempts: Attempts): Promise<CallResult> {
  const isKept = call.request.length + messageOverheadBytes <= replayLimitBytes
  for (;;) {
    const result = await connection.unary({ ...call, ...attempts.next() })
    const pauseMs = isKept && result.headers.size === 0 ? attempts.pauseMsAfter(result) : undefined
    if (pauseMs === undefined) return result
    const ending = await attempts.pause(pauseMs)
    if (ending !== undefined) return endedBetween(result, ending)
  }
}

/** A stream whose beginning is sent again with each attempt. */
export class RetryingStream implements ClientStream {
  readonly #connection: Connection
  readonly #call: StreamCall
  readonly #attempts: Attempts
  readonly #onOver: () => void
  /** Absent between two attempts. */
  #attempt: ClientStream | undefined
  /** The present attempt is the last one. */
  #isCommitted = false
  #kept: Uint8Array[] = []
  #keptBytes = 0
  #hasEndedWriting = false
  #needsDrain = false
  #isPaused = false
  #isCanceled = false
  #isOver = false
  /** The end that a paused receiver has not been told. */
  #untold: CallStatus | undefined

  /** Begins the call. `onOver` is called when it has ended. */
  constructor(connection: Connection, call: StreamCall, attempts: Attempts, onOver: () => void) {
    this.#connection = connection
    this.#call = call
    this.#attempts = attempts
    this.#onOver = onOver
    this.#begin()
  }

  write(message: Uint8Array): boolean {
    if (this.#isOver || this.#hasEndedWriting) return true
    if (!this.#isCommitted) {
      this.#kept.push(message)
      this.#keptBytes += message.length + messageOverheadBytes
    }
    const attempt = this.#attempt
    if (attempt !== undefined) this.#commitWhenFull()
    // Until the next attempt begins, it is kept whatever its size.
    const goesOn = attempt?.write(message) ?? false
    this.#needsDrain ||= !goesOn
    return goesOn
  }

  end(): void {
    this.#hasEndedWriting = true
    this.#attempt?.end()
  }

  cancel(): void {
    this.#isCanceled = true
    this.#isPaused = false
    this.#attempts.stop(contextCanceled)
    this.#attempt?.cancel()
    // It may have been told already, but for a receiver that was paused.
    if (this.#untold !== undefined) setImmediate(() => this.#tell())
  }

  pause(): void {
    this.#isPaused = true
    this.#attempt?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#attempt?.resume()
    if (this.#untold !== undefined) setImmediate(() => this.#tell())
  }

  #begin(): void {
    const call = this.#call
    const attempt = this.#connection.stream({
      ...call,
      ...this.#attempts.next(),
      onHeaders: (headers) => {
        this.#commit()
        call.onHeaders?.(headers)
      },
      onDrain: () => {
        this.#needsDrain = false
        call.onDrain?.()
      },
      onEnd: (result) => this.#onAttemptEnd(result),
    })
    this.#attempt = attempt
    if (this.#isPaused) attempt.pause()
    let goesOn = true
    for (const message of this.#kept) goesOn = attempt.write(message) && goesOn
    this.#commitWhenFull()
    if (this.#hasEndedWriting) attempt.end()
    if (!goesOn || !this.#needsDrain) return
    this.#needsDrain = false
    call.onDrain?.()
  }

  #commitWhenFull(): void {
    if (this.#keptBytes > replayLimitBytes) this.#commit()
  }

  #commit(): void {
    this.#isCommitted = true
    this.#kept = []
    this.#keptBytes = 0
  }

  #onAttemptEnd(result: CallStatus): void {
    this.#attempt = undefined
    const pauseMs = this.#isCommitted ? undefined : this.#attempts.pauseMsAfter(result)
    if (pauseMs === undefined) {
      this.#finish(result)
      return
    }
    this.#attempts.pause(pauseMs).then((ending) => {
      // The pause may have been over just before the call was cancelled.
      const why = ending ?? (this.#isCanceled ? contextCanceled : undefined)
      if (why === undefined) this.#begin()
      else this.#finish(endedBetween(result, why))
    })
  }

  #finish(result: CallStatus): void {
    this.#isOver = true
    this.#commit()
    this.#onOver()
    this.#untold = result
    this.#tell()
  }

  #tell(): void {
    const result = this.#untold
    if (result === undefined || this.#isPaused) return
    this.#untold = undefined
    this.#call.onEnd(result)
  }
}

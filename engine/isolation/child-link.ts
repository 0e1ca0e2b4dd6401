/**
 * The parent's end of the stream to a run's process: calls with answers, and what the process tells by itself. A process that
 * says what it may not, too much, or nothing, is ended.
 */
import { serialize } from 'node:v8'
import { AppError } from '../../errors.js'
import type { Limits } from '../../policy/limits.js'
import { mostStarved } from '../../runtime/pulse.js'
import { type ReadMessage, readMessage } from './child-messages.js'
import { childParts, FrameError, FrameReader, frameOf } from './frames.js'
import type { Jail } from './jail.js'
import { waitedForCpuMs } from './process-usage.js'
import { type ChildCallName, type ChildCalls, maxJsonBytes, silenceMs, startMs } from './protocol.js'
import { ShapeError } from './read-shape.js'
import { reportedError } from './reported-error.js'

/** What the child tells by itself. */
export type ChildReport = Exclude<ReadMessage, { kind: 'answer' | 'refusal' | 'alive' }>

export interface Answer {
  readonly value: unknown
  readonly binary: Buffer
}

type Settle = { resolve(answer: Answer): void; reject(error: unknown): void }

const tickMs = 250
/** No run has so much to say within a second. */
const maxMessagesPerSecond = 20_000
/** Beside one frame of the largest. */
const plainBytesPerSecond = 64 * 1024 * 1024
/** Samples and series, beside what a script returns. */
const plainFrameBytes = 16 * 1024 * 1024

export class ChildLink {
  readonly #jail: Jail
  readonly #limits: Limits
  readonly #maxBytesPerSecond: number
  readonly #onReport: (report: ChildReport) => void
  readonly #open = new Map<number, Settle>()
  readonly #watch: NodeJS.Timeout
  #lastId = 0
  #death: AppError | undefined
  #hasSpoken = false
  #silentTicks = 0
  /** What the process had waited for a processor when it fell silent. */
  #waitedBeforeMs = 0
  #messages = 0
  #bytes = 0
  #secondEndsAt = 0

  constructor(jail: Jail, limits: Limits, onReport: (report: ChildReport) => void) {
    this.#jail = jail
    this.#limits = limits
    this.#onReport = onReport
    const maxBytes = maxFrameBytes(limits)
    this.#maxBytesPerSecond = plainBytesPerSecond + maxBytes
    const reader = new FrameReader(maxBytes, (body) => this.#onBody(body))
    jail.channel.on('data', (chunk: Buffer) => this.#onData(reader, chunk))
    // A write to a process that is gone; its end is told elsewhere.
    jail.channel.on('error', () => {})
    this.#watch = setInterval(() => this.#tick(), tickMs)
    void jail.ended.then((error) => this.#die(error))
  }

  /** Why it ended, once it has. */
  get death(): AppError | undefined {
    return this.#death
  }

  /** Calls the process. @throws what it refused with, or why it ended */
  call<N extends ChildCallName>(name: N, ...args: Parameters<ChildCalls[N]>): Promise<Answer> {
    if (this.#death !== undefined) return Promise.reject(this.#death)
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject })
      this.#jail.channel.write(frameOf(serialize({ id, name, argument: args[0] })))
    })
  }

  /** As `call`, for what has no answer that somebody waits for. */
  tell<N extends ChildCallName>(name: N, ...args: Parameters<ChildCalls[N]>): void {
    this.call(name, ...args).catch(() => {})
  }

  /** Runs `read` on what the process said, and ends it when that is not what it may say. @throws {AppError} PROCESS_LOST */
  believe<T>(read: () => T): T {
    try {
      return read()
    } catch (e) {
      if (!(e instanceof ShapeError || e instanceof FrameError)) throw e
      throw this.#misbehaved(e.message)
    }
  }

  /** Listens no more. */
  close(): void {
    clearInterval(this.#watch)
    this.#die(new AppError('PROCESS_LOST', 'the run was closed'))
  }

  #onData(reader: FrameReader, chunk: Buffer): void {
    if (this.#death !== undefined) return
    const now = performance.now()
    if (now >= this.#secondEndsAt) {
      this.#secondEndsAt = now + 1000
      this.#messages = 0
      this.#bytes = 0
    }
    this.#bytes += chunk.length
    try {
      const most = this.#maxBytesPerSecond
      if (this.#bytes > most) throw new FrameError(`more than ${most} bytes within a second`)
      reader.push(chunk)
    } catch (e) {
      if (!(e instanceof ShapeError || e instanceof FrameError)) throw e
      this.#misbehaved(e.message)
    }
  }

  #onBody(body: Buffer): void {
    // What follows in the same chunk after the end.
    if (this.#death !== undefined) return
    this.#messages++
    if (this.#messages > maxMessagesPerSecond) {
      throw new FrameError(`more than ${maxMessagesPerSecond} messages within a second`)
    }
    const message = readMessage(childParts(body, maxJsonBytes), this.#limits)
    this.#hasSpoken = true
    this.#silentTicks = 0
    switch (message.kind) {
      case 'alive':
        return
      // Answers that nobody waits for say nothing.
      case 'answer':
        this.#settle(message.id)?.resolve(message)
        return
      case 'refusal':
        this.#settle(message.id)?.reject(reportedError(message.error))
        return
      default:
        this.#onReport(message)
    }
  }

  #settle(id: number): Settle | undefined {
    const settle = this.#open.get(id)
    this.#open.delete(id)
    return settle
  }

  /**
   * Counts moments of ours in which nothing came: while this process is stopped or busy, no time passes. Nor is the other one
   * to blame for the time in which it would have gone on, if it had got a processor.
   */
  #tick(): void {
    const { pid } = this.#jail
    if (this.#silentTicks++ === 0) this.#waitedBeforeMs = waitedForCpuMs(pid)
    const allowedMs = this.#hasSpoken ? silenceMs : startMs
    const silentMs = this.#silentTicks * tickMs
    if (silentMs <= allowedMs) return
    const waitedMs = waitedForCpuMs(pid) - this.#waitedBeforeMs
    if (silentMs - waitedMs <= allowedMs && silentMs <= allowedMs * mostStarved) return
    this.#end(
      new AppError('PROCESS_LOST', `the process of the run was ended: it gave no sign for ${allowedMs / 1000} s`),
    )
  }

  #misbehaved(what: string): AppError {
    const error = new AppError('PROCESS_LOST', `the process of the run was ended: it said what it may not: ${what}`)
    this.#end(error)
    return this.#death!
  }

  #end(error: AppError): void {
    this.#jail.kill(error)
    this.#die(error)
  }

  #die(error: AppError): void {
    clearInterval(this.#watch)
    this.#death ??= error
    for (const { reject } of this.#open.values()) reject(this.#death)
    this.#open.clear()
  }
}

function maxFrameBytes({ summaryBytes, setupDataBytes }: Limits): number {
  return plainFrameBytes + summaryFrameBytes(summaryBytes) + 3 * setupDataBytes
}

/** What a summary may take as JSON: each byte is a letter at least, in base64 or escaped it is more. */
export const summaryFrameBytes = (summaryBytes: number): number => 3 * summaryBytes

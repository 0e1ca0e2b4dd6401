/** What a server has said about a call besides messages, and which end of the call it means. Knows no stream. */
import type { HeaderBlock } from '../metadata.js'
import {
  type Ending,
  endingOfForeign,
  endingOfHttpStatus,
  endingOfTrailers,
  noReply,
  noTrailers,
  Status,
  unexpectedEof,
} from '../status.js'
import type { ReceivedMetadata } from '../transport.js'
import type { FullEnding } from './session.js'

/** How much of an answer that is not gRPC goes into the error's text, in bytes. */
const foreignBodyBytes = 1024
const nothing: ReceivedMetadata = new Map()

export class Answer {
  headers: ReceivedMetadata = nothing
  trailers: ReceivedMetadata = nothing
  /** Of the messages. */
  encoding = ''
  /** The end that the trailers named; it counts when all messages before them are handed out. */
  #announced: FullEnding | undefined
  /** The reading of an answer that is not gRPC, and the beginning of its body. */
  #foreign: { ending: Ending; body: Buffer[]; bodyBytes: number } | undefined

  get isAnnounced(): boolean {
    return this.#announced !== undefined
  }

  /** True when the body is not made of messages. */
  get isForeign(): boolean {
    return this.#foreign !== undefined
  }

  /** Takes the first block, which may be the only one; tells the end when it is one. */
  takeHeaders(block: HeaderBlock, isOnly: boolean): FullEnding | undefined {
    if (!block.isGrpc) {
      const ending = endingOfHttpStatus(block.httpStatus ?? 0, block.wrongContentType)
      if (isOnly) return ending
      this.#foreign = { ending, body: [], bodyBytes: 0 }
      return undefined
    }
    if (block.error) return { status: Status.internal, message: block.error }
    if (!isOnly) {
      this.headers = block.metadata
      this.encoding = block.encoding
    }
    return undefined
  }

  /** Takes the block that ends the answer; true if it gave the trailers. */
  takeTrailers(block: HeaderBlock): boolean {
    if (this.#announced !== undefined || this.#foreign !== undefined) return false
    if (block.error) {
      this.#announced = { status: Status.internal, message: block.error }
      return false
    }
    this.trailers = block.metadata
    block.ending ??= endingOfTrailers(block.statusText, block.messageText, block.details)
    this.#announced = block.ending
    return true
  }

  /** Takes a piece of a body that is not gRPC, which is not kept; true when no more is needed. */
  takeForeign(bytes: Buffer): boolean {
    const foreign = this.#foreign
    if (foreign === undefined) return false
    foreign.body.push(Buffer.from(bytes.subarray(0, foreignBodyBytes - foreign.bodyBytes)))
    foreign.bodyBytes += bytes.length
    return foreign.bodyBytes >= foreignBodyBytes
  }

  /** The body cannot be read to its end; what was announced before stays. */
  breakOff(ending: FullEnding): void {
    this.#announced ??= ending
  }

  /** The end of a call of which all is read. `isInside`: the last message is not whole. */
  ending(isInside: boolean, lacksReply: boolean): FullEnding {
    if (this.#foreign !== undefined) return endingOfForeign(this.#foreign.ending, Buffer.concat(this.#foreign.body))
    const announced = this.#announced
    if (announced === undefined) return noTrailers
    if (announced.status !== Status.ok) return announced
    if (isInside) return unexpectedEof
    return lacksReply ? noReply : announced
  }
}

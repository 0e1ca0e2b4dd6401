/** One stream of a client's connection: what waits to be sent on it, and how much may come. The session does the rest. */
import type { DecodedBlock } from './hpack-decoder.js'
import type { HpackEncoder } from './hpack-encoder.js'
import { ReceiveWindow } from './receive-window.js'

/** Who a stream is for. It may call the stream from within each of these. None of them may throw. */
export interface StreamOwner {
  /** The block of the request, asked for when the stream is opened. */
  encodeHeaders(encoder: HpackEncoder): Buffer
  /** The response, well-formed; interim ones are left out. `isEnd` when nothing follows. */
  onHeaders(block: DecodedBlock, isEnd: boolean): void
  /**
   * A piece of the body, what stands in `bytes` from `start` to `end`: it must be copied to be kept, and given back with
   * `giveBack` once it does not wait any more.
   */
  onData(bytes: Buffer, start: number, end: number, isEnd: boolean): void
  /** The end, with trailers. */
  onTrailers(block: DecodedBlock): void
  /** Some of what waited is on its way. */
  onSent(): void
  /** The stream is over before its end: by the peer's RST_STREAM, or by its breach of the protocol. */
  onReset(code: number): void
  /** The connection is gone, or the peer announced its end. `isUnseen`: the peer has not looked at the request. */
  onLost(isUnseen: boolean): void
}

/** The connection that a stream is on. */
export interface StreamCarrier {
  /** Sends these bytes of a stream where nothing waits; false if the peer does not take all of them yet. */
  sendWhole(stream: ClientStream, bytes: Buffer, isEnd: boolean): boolean
  /** Sends what waits in a stream, as far as the peer takes it. */
  send(stream: ClientStream): void
  giveBack(stream: ClientStream, bytes: number): void
  closeStream(stream: ClientStream, code: number): void
}

export class ClientStream {
  /** 0 until the peer takes one more stream. */
  id = 0
  readonly owner: StreamOwner
  readonly receiveWindow: ReceiveWindow
  /** What the peer takes; negative after it changed its mind. */
  sendWindowBytes = 0
  /** Of the table of its connection. */
  nextInTable: ClientStream | undefined
  /** What waits to be sent, in order; of the first the part from `sentOfFirst` on. Absent as long as nothing had to wait. */
  waiting: Buffer[] | undefined
  waitingBytes = 0
  sentOfFirst = 0
  /** Nothing more will be written. */
  isEnding = false
  /** END_STREAM was sent. */
  isLocalEnded = false
  /** END_STREAM came. */
  isRemoteEnded = false
  hasResponse = false
  isClosed = false
  /** Its headers could not be made, by an error of ours: it is over with the code INTERNAL_ERROR. */
  hasFailed = false
  readonly #carrier: StreamCarrier

  constructor(carrier: StreamCarrier, owner: StreamOwner, windowBytes: number) {
    this.#carrier = carrier
    this.owner = owner
    this.receiveWindow = new ReceiveWindow(windowBytes)
  }

  /** Sends `bytes`, which must not change any more, as soon as the peer takes them. */
  write(bytes: Buffer, isEnd: boolean): void {
    if (this.isClosed || this.isEnding) return
    this.isEnding = isEnd
    if (bytes.length > 0) {
      if (this.waitingBytes === 0 && this.#carrier.sendWhole(this, bytes, isEnd)) return
      this.waiting ??= []
      this.waiting.push(bytes)
      this.waitingBytes += bytes.length
    }
    this.#carrier.send(this)
  }

  /** Ends this side. */
  end(): void {
    this.write(nothing, true)
  }

  /** Lets the peer send as much as was read. */
  giveBack(bytes: number): void {
    this.#carrier.giveBack(this, bytes)
  }

  /** Ends the stream from this side, with RST_STREAM if it has not ended already. Its owner hears nothing more. */
  close(code: number): void {
    this.#carrier.closeStream(this, code)
  }
}

const nothing = Buffer.alloc(0)

/** Sinks of a FrameReader for tests. */
import type { FrameSink } from '../../../host/http2/frame-reader.js'
import type { Http2Error } from '../../../host/http2/http2-error.js'

/** Takes everything and does nothing. */
export function silentSink(): FrameSink {
  return {
    onData: () => {},
    onHeaders: () => {},
    onReset: () => {},
    onSettings: () => {},
    onSettingsAck: () => {},
    onPing: () => {},
    onPingAck: () => {},
    onGoaway: () => {},
    onWindowUpdate: () => {},
  }
}

/** Writes down what it was told, bytes as hex. DATA of one frame comes together, in however many pieces it came. */
export class RecordingSink implements FrameSink {
  readonly events: string[] = []
  /** What was counted for flow control. */
  flowBytes = 0
  /** Pieces of DATA, those of all frames. */
  pieces: number[] = []
  #data = ''

  onData(
    streamId: number,
    bytes: Buffer,
    start: number,
    end: number,
    isFrameEnd: boolean,
    isStreamEnd: boolean,
    flowBytes: number,
  ): void {
    this.#data += bytes.toString('hex', start, end)
    this.flowBytes += flowBytes
    this.pieces.push(end - start)
    if (isFrameEnd) {
      this.events.push(`data ${streamId} ${this.#data}${isStreamEnd ? ' end' : ''}`)
      this.#data = ''
    } else if (isStreamEnd) this.events.push('an end of the stream before that of a frame')
  }

  onHeaders(streamId: number, bytes: Buffer, start: number, end: number, isStreamEnd: boolean): void {
    this.events.push(`headers ${streamId} ${bytes.toString('hex', start, end)}${isStreamEnd ? ' end' : ''}`)
  }

  onReset(streamId: number, code: number): void {
    this.events.push(`reset ${streamId} ${code}`)
  }

  onSettings(entries: [id: number, value: number][]): void {
    this.events.push(`settings ${entries.map((entry) => entry.join('=')).join(' ')}`)
  }

  onSettingsAck(): void {
    this.events.push('settings ack')
  }

  onPing(data: Buffer): void {
    this.events.push(`ping ${data.toString('hex')}`)
  }

  onPingAck(data: Buffer): void {
    this.events.push(`ping ack ${data.toString('hex')}`)
  }

  onGoaway(lastStreamId: number, code: number, debug: Buffer): void {
    this.events.push(`goaway ${lastStreamId} ${code} ${debug.toString('hex')}`)
  }

  onWindowUpdate(streamId: number, increment: number): void {
    this.events.push(`window ${streamId} ${increment}`)
  }

  onSkipped(): void {
    this.events.push('skipped')
  }

  onStreamError(error: Http2Error): void {
    this.events.push(`error ${error.streamId} ${error.code}`)
  }
}

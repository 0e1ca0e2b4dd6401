/** What goes wrong in HTTP/2, with the code that the peer is told. Knows no gRPC and no socket. */

/** RFC 9113, section 7. */
export const ErrorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  connectError: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode]

/** The peer broke the protocol. It ends one stream when `streamId` is there, and else the connection. */
export class Http2Error extends Error {
  readonly code: number
  readonly streamId?: number

  constructor(code: number, message: string, streamId?: number) {
    super(message)
    this.name = 'Http2Error'
    this.code = code
    if (streamId !== undefined) this.streamId = streamId
  }
}

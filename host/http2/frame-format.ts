/** The numbers of HTTP/2's frames (RFC 9113, section 6). */

/** Bytes before each frame's payload. */
export const frameHeaderBytes = 9
/** What a frame may have until an endpoint announces more, in bytes. */
export const defaultMaxFrameBytes = 16_384
/** The most that can be announced. */
export const mostFrameBytes = 2 ** 24 - 1
/** The largest window, and the largest increment of one. */
export const mostWindowBytes = 2 ** 31 - 1

export const FrameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const Flag = {
  /** Of DATA and HEADERS. */
  endStream: 0x1,
  /** Of SETTINGS and PING. */
  ack: 0x1,
  endHeaders: 0x4,
  padded: 0x8,
  priority: 0x20,
} as const

export const Setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const

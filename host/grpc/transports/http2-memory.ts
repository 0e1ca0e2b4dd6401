/**
 * Keeps a server from ending the process through a check of Node's own. When the garbage collector takes an HTTP/2 session of
 * Node 20, the session asserts that its streams have given their memory back, and aborts the process if not. A stream that
 * holds half a header block (HEADERS without END_HEADERS, then any other frame) does so in the turn of the event loop after
 * the session has closed: a collection in between is fatal. So a session stays for a moment after its end.
 */
import type { ClientHttp2Session } from 'node:http2'

/** Some turns of the event loop, and short enough for a test that opens a connection in each iteration. */
const holdMs = 50

/** Holds the native half of a session until its streams are gone. The session must be on an open socket: only then has it one. */
export function outliveStreams(session: ClientHttp2Session): void {
  const key = Object.getOwnPropertySymbols(session).find((symbol) => symbol.description === 'kHandle')
  if (key === undefined) return
  const nativeHalf = (session as unknown as Record<symbol, unknown>)[key]
  // A timer holds its arguments until it fires.
  session.once('close', () => setTimeout((_held: unknown) => {}, holdMs, nativeHalf).unref())
}

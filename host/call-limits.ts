/**
 * What the limits of the policy mean for one call of a script, whatever protocol it speaks: how large, how long, how many at
 * once, how many within a second. Each refusal goes through the gate, and so on record. Makes no call.
 */
import type { AppError } from '../errors.js'
import type { LimitName } from '../policy/limits.js'
import { longestTimerMs } from './longest-timer.js'
import type { VuContext } from './vu-context.js'

function tooMuch(vu: VuContext, name: LimitName, subject: string, message: string): AppError {
  const { gate } = vu.services
  const code = name.endsWith('Bytes') ? 'LIMIT_SIZE' : 'LIMIT_COUNT'
  return gate.overLimit(code, name, subject, vu.id, message)
}

/** @param what is sent, for the error @throws {AppError} LIMIT_SIZE */
export function checkRequestBytes(vu: VuContext, bytes: number, what: string): void {
  const { requestBytes } = vu.services.limits
  if (bytes <= requestBytes) return
  throw tooMuch(vu, 'requestBytes', `${bytes} bytes`, `${what} has ${bytes} bytes; it may have ${requestBytes}`)
}

/**
 * @param pairs the metadata or headers of one call
 * @param what they are called, for the error
 * @throws {AppError} LIMIT_COUNT, LIMIT_SIZE
 */
export function checkMetadata(
  vu: VuContext,
  pairs: readonly (readonly [key: string, value: string | Uint8Array])[],
  what: string,
): void {
  const { metadataPairs, metadataBytes } = vu.services.limits
  if (pairs.length > metadataPairs) {
    const message = `${what} of ${pairs.length} pairs is more than the ${metadataPairs} that may be sent`
    throw tooMuch(vu, 'metadataPairs', `${pairs.length} pairs`, message)
  }
  const bytes = pairs.reduce((sum, [key, value]) => sum + Buffer.byteLength(key) + Buffer.byteLength(value), 0)
  if (bytes <= metadataBytes) return
  const message = `${what} of ${bytes} bytes is more than the ${metadataBytes} that may be sent`
  throw tooMuch(vu, 'metadataBytes', `${bytes} bytes`, message)
}

/**
 * Makes room for a connection, if need be by closing those of HTTP that nobody uses.
 *
 * @returns how many there may be besides it
 * @throws {AppError} LIMIT_COUNT
 */
export function roomForConnection(vu: VuContext): number {
  const { connections } = vu.services.limits
  if (vu.openConnections >= connections) vu.closeIdleConnections()
  const open = vu.openConnections
  if (open < connections) return connections - open - 1
  throw tooMuch(vu, 'connections', `${open} connections`, `a VU may have ${connections} open connections; close some`)
}

/** @throws {AppError} LIMIT_COUNT when the VU has as many gRPC calls and streams open as it may */
export function checkRoomForCall(vu: VuContext): void {
  const { streams } = vu.services.limits
  if (vu.grpc.openCalls < streams) return
  throw tooMuch(vu, 'streams', `${vu.grpc.openCalls} calls`, `a VU may have ${streams} open gRPC calls and streams`)
}

/** How long a call may take that the script gives `ms`. Infinity is no end. */
export function cappedMs(vu: VuContext, ms: number): number {
  return Math.min(ms, vu.services.limits.callMs)
}

/**
 * An ending that a limit brought about, with the name of the limit in its text and on record; any other as it is.
 *
 * @param isTimeUp `callMs` ended it
 * @param isTooLarge `responseBytes` did
 */
export function namingLimit<Ending extends { message: string }>(
  vu: VuContext,
  ending: Ending,
  isTimeUp: boolean | undefined,
  isTooLarge: boolean | undefined,
): Ending {
  const name = isTimeUp ? 'callMs' : isTooLarge ? 'responseBytes' : undefined
  if (name === undefined) return ending
  recordLimit(vu, name, ending.message)
  return { ...ending, message: `${ending.message} (limit ${name})` }
}

/** Puts on record what a limit ended whose error the script is told otherwise. */
export function recordLimit(vu: VuContext, name: LimitName, subject: string): void {
  tooMuch(vu, name, subject, subject)
}

/** Slots that are so near are taken at once: a timer would be later than that anyway. */
const nearMs = 1

/**
 * Waits for the turn of one request under the limit `requestsPerSecond`, or until the signal is aborted. It is no part of the
 * time that the request has.
 *
 * @returns undefined when nobody needs to wait
 */
export function turnOf({ services }: VuContext, signal: AbortSignal): Promise<void> | undefined {
  const next = services.nextRequestMs?.()
  if (next === undefined || next - services.now() < nearMs) return undefined
  return waitUntil(next, services.now, signal)
}

/** @param timeMs in milliseconds since 1970, as `now` gives them */
export async function waitUntil(timeMs: number, now: () => number, signal: AbortSignal): Promise<void> {
  for (let waitMs = timeMs - now(); waitMs > 0 && !signal.aborted; waitMs = timeMs - now()) {
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, Math.min(Math.ceil(waitMs), longestTimerMs))
      signal.addEventListener('abort', done)
    })
  }
}

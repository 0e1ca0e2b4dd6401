/** What the guest half of WebCrypto sends: JSON, in which `{"bytes":[from,to]}` is a part of the bytes that come with it. */
import { GuestError } from '../../runtime/guest-error.js'
import { jsonOf } from '../../runtime/host-module.js'
import type { Crossing } from '../../runtime/js-value.js'

/** The members of one call. The guest half wrote them, but a guest can reach this too: each is checked where it is used. */
export type WebCryptoRequest = Readonly<Record<string, unknown>>

/** @throws {GuestError} for what our guest half does not write */
export function readRequest(json: Crossing, blob: Crossing): WebCryptoRequest {
  const bytes = blob instanceof Uint8Array ? blob : new Uint8Array()
  const found = jsonOf(json, 'request', (_key, value) => {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'bytes')) return value
    const range: unknown = (value as { bytes: unknown }).bytes
    if (!Array.isArray(range) || !range.every(Number.isSafeInteger)) throw wrong('a range of bytes')
    return bytes.subarray(range[0], range[1])
  })
  if (typeof found !== 'object' || found === null) throw new GuestError('TypeError', 'a request must be an object')
  return found as WebCryptoRequest
}

const wrong = (what: string) => new GuestError('TypeError', `${what} is of the wrong type`)

export function bytesAt(request: WebCryptoRequest, name: string): Uint8Array {
  const value = request[name]
  if (value instanceof Uint8Array) return value
  throw wrong(name)
}

export function textAt(request: WebCryptoRequest, name: string): string {
  const value = request[name]
  if (typeof value === 'string') return value
  throw wrong(name)
}

export function textsAt(request: WebCryptoRequest, name: string): string[] {
  const value = request[name]
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw wrong(name)
}

/**
 * What the option `httpDebug` (--http-debug) adds to the log: request and response as they go over the wire, in full with
 * their bodies. A line that is too long is cut, and control characters of a server are made visible by the log itself.
 */
import { randomUUID } from 'node:crypto'
import type { VuContext } from '../vu-context.js'
import type { WireRequest, WireResponse } from './exchange.js'

/** Room in a line for what stands around the text. */
const frameBytes = 256

export interface HttpObserver {
  onRequest(request: WireRequest): void
  onResponse(response: WireResponse): void
}

/** Logs one request on the wire; undefined when the option is not set. */
export function debugObserver(vu: VuContext): HttpObserver | undefined {
  const { httpDebug = '' } = vu.http.runtime.options
  if (httpDebug === '') return undefined
  const { limits, log, now } = vu.services
  const isFull = httpDebug === 'full'
  const most = Math.max(limits.logLineBytes - frameBytes, 1)
  const fields: Record<string, string> = { request_id: randomUUID(), source: 'http-debug', vu: String(vu.id) }
  if (vu.iteration !== undefined) {
    fields.scenario = vu.iteration.scenario
    fields.iter = String(vu.iteration.iterationInInstance)
  }
  const print = (title: string, head: string, body: Uint8Array | undefined) => {
    const text =
      isFull && body !== undefined ? `${head}\n${Buffer.from(body.subarray(0, most)).toString('utf8')}` : head
    log({ level: 'info', msg: `${title}:\n${cut(text, most)}\n`, fields, timeMs: now() })
  }
  return {
    onRequest: ({ method, path, headers, body }) =>
      print('Request', `${method} ${path} HTTP/1.1\n${lines(headers)}`, body),
    onResponse: ({ status, statusText, headers, body }) =>
      print('Response', `HTTP/1.1 ${status} ${statusText}\n${lines(headers)}`, body),
  }
}

function lines(headers: readonly (readonly [string, string])[]): string {
  return headers.map(([name, value]) => `${name}: ${value}\n`).join('')
}

function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxBytes) return text
  const { read, written } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes))
  return `${text.slice(0, read)}… (${bytes - written} bytes more)`
}

/**
 * What the option `httpDebug` (--http-debug) adds to the log: headers, trailers and, in full, messages of every RPC as they
 * go out and come in. The texts are k6's. A line that is too long is cut, and what a server sent cannot end a line.
 */
import { goTime } from '../../go/time.js'
import type { VuContext } from '../vu-context.js'
import { malformedWire } from './protojson/wire-reader.js'
import type { MessageType, MethodDescriptor } from './schema/schema.js'
import type { CallObserver, Metadata, ReceivedMetadata } from './transport.js'

/** Room in a line for what stands around a message, and for the note that it was cut. */
const frameBytes = 256

/** Logs one call; undefined when the option is not set, so that calls pay nothing for it. */
export function debugObserver(vu: VuContext, methodOf: () => MethodDescriptor): CallObserver | undefined {
  const { httpDebug = '' } = vu.grpc.runtime.options
  if (httpDebug === '') return undefined
  const method = methodOf()
  const { limits, log, now } = vu.services
  const roomBytes = Math.max(limits.logLineBytes - frameBytes, 1)
  const print = (msg: string) => log({ level: 'info', msg, fields: { source: 'http-debug' }, timeMs: now() })
  const printHeaders = (title: string, rest: string) => print(`${title}:\n${cut(rest, roomBytes)}\n`)
  const printPayload = (title: string, about: string, type: MessageType, message: Uint8Array) => {
    try {
      print(`${title}:\n${about}: ${goTime(now())}\n${type.toText(message, roomBytes)}\n`)
    } catch (e) {
      // k6 does not print what is no message of that type; the call says what is wrong with it.
      if (e !== malformedWire) vu.services.onInternalError(e)
    }
  }
  const headers: CallObserver = {
    onOutHeader: (remote, metadata) =>
      printHeaders('Out Header', `Full Method: ${method.path}\nRemote Address: ${remote}\n${sentLines(metadata)}`),
    onInHeader: (received, sizeBytes) => printHeaders('In Header', receivedLines(received, sizeBytes)),
    onInTrailer: (received, sizeBytes) => {
      if (received.size > 0) printHeaders('In Trailer', receivedLines(received, sizeBytes))
    },
  }
  if (httpDebug !== 'full') return headers
  return {
    ...headers,
    onOutPayload: (message, wireBytes) =>
      printPayload('Out Payload', `Wire Length: ${wireBytes}\nSent Time`, method.input, message),
    onInPayload: (message, wireBytes) =>
      printPayload('In Payload', `Wire Length: ${wireBytes}\nReceived Time`, method.output, message),
  }
}

function sentLines(metadata: Metadata): string {
  const values = new Map<string, string[]>()
  for (const [key, value] of metadata) {
    const text = typeof value === 'string' ? value : Buffer.from(value).toString('utf8')
    const known = values.get(key)
    if (known === undefined) values.set(key, [text])
    else known.push(text)
  }
  return lines(values)
}

function receivedLines(received: ReceivedMetadata, sizeBytes: number): string {
  return `Wire Length: ${sizeBytes}\n${lines(received)}`
}

function lines(metadata: ReceivedMetadata): string {
  return [...metadata].map(([key, values]) => `${key}: ${values.map(onOneLine).join(', ')}\n`).join('')
}

/** Binary values may hold anything, line ends among it. */
function onOneLine(value: string): string {
  return value.replace(
    /[\u0000-\u001f\u007f-\u009f]/g,
    (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.byteLength(text)
  if (bytes <= maxBytes) return text
  const { read, written } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes))
  return `${text.slice(0, read)}… (${bytes - written} bytes more)\n`
}

/** What a gRPC server sends around its messages: header blocks, trailers, frames, details of errors. */
import assert from 'node:assert/strict'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { unpackMessage } from '../../host/grpc/message-frame.js'
import { encodeTimeout, headerListBytes, readHeaderBlock } from '../../host/grpc/metadata.js'
import { metadataJson } from '../../host/grpc/response-json.js'
import { endingOfHttpStatus, endingOfTrailers, isGrpcContentType, rpcErrorText } from '../../host/grpc/status.js'
import { assertClean, bytesOf, type FuzzTarget, textOf } from '../target.js'
import { hostileText } from '../texts.js'

const maxMessageBytes = 100_000
/** As docs/limits.md has it for what a server says of an error. */
const maxMessageLetters = 64 * 1024

const names = [
  'grpc-status',
  'grpc-message',
  'grpc-status-details-bin',
  'grpc-encoding',
  'content-type',
  ':status',
  'x-bin',
  'x',
  '__proto__',
  'te',
]
const headerValue = fc.oneof(
  fc.constantFrom(
    '0',
    '14',
    '-1',
    'abc',
    '99999999999',
    'application/grpc',
    'application/grpc+proto',
    'text/html',
    'gzip',
    '200',
    '%1b%zz%',
    'CAUSAWE',
    'AA=',
    '==',
  ),
  hostileText,
)
const block = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...names), hostileText), headerValue), { maxLength: 8 })
  .map((pairs) => bytesOf(`H${pairs.map((pair) => pair.join('\u0001')).join('\u0001')}`))
const frame = fc
  .tuple(
    fc.constantFrom(0, 1, 2, 255),
    fc.oneof(fc.uint8Array(), fc.constantFrom(...[gzipSync(''), gzipSync('x'.repeat(200_000))])),
    fc.constantFrom('gzip', '', 'br'),
  )
  .map(([flag, body, encoding]) =>
    Buffer.concat([bytesOf(`F${encoding}\u0001`), Buffer.of(flag, 0, 0, 0, body.length & 255), body]),
  )

export const target: FuzzTarget = {
  seeds: () => [
    bytesOf('Hgrpc-status\u00010\u0001content-type\u0001application/grpc'),
    Buffer.concat([bytesOf('Fgzip\u0001'), Buffer.of(1, 0, 0, 0, 0), gzipSync('hello')]),
  ],
  structured: fc.oneof({ weight: 4, arbitrary: block }, { weight: 2, arbitrary: frame }),
  words: [...names, '\u0001', '%1b', 'application/grpc', 'CAUSA2FiYw=='],
  run(bytes) {
    if (bytes[0] === 0x46) return frameAnswer(bytes.subarray(1))
    const text = textOf(bytes.subarray(1))
    const found = readHeaderBlock(text.split('\u0001'))
    JSON.parse(metadataJson(found.metadata))
    const ending = endingOfTrailers(found.statusText, found.messageText, found.details)
    assert.ok(Number.isInteger(ending.status) && ending.status >= 0)
    assert.ok(ending.message.length <= maxMessageLetters, `${ending.message.length} letters`)
    assertClean(rpcErrorText(ending), bytes)
    const ofHttp = endingOfHttpStatus(found.httpStatus ?? 0, found.wrongContentType)
    assertClean(rpcErrorText(ofHttp), bytes)
    isGrpcContentType(text)
    assert.ok(headerListBytes({ [text]: text }) > 0)
    assert.match(encodeTimeout(text.length + 0.1), /^\d{1,8}[numSMH]$/)
    return `${ending.status} ${found.error?.slice(0, 30)} ${found.metadata.size} ${ofHttp.status}`
  },
}

function frameAnswer(bytes: Uint8Array): string {
  const at = bytes.indexOf(1)
  const frame = Buffer.from(bytes.subarray(at + 1))
  if (at < 0 || frame.length < 5) return 'no frame'
  const message = unpackMessage(frame, textOf(bytes.subarray(0, at)), maxMessageBytes)
  if (!(message instanceof Uint8Array)) {
    assertClean(message.message, bytes)
    return `${message.status} ${message.message.slice(0, 40)}`
  }
  if (frame[0] === 1) assert.ok(message.length <= maxMessageBytes)
  return `${message.length}`
}

/** Parameters of `connect()`, `invoke()` and HTTP requests, as the guest half sends them: JSON that a broken guest half may bend. */
import assert from 'node:assert/strict'
import fc, { type Arbitrary } from 'fast-check'
import { CallParamsError, readCallParams } from '../../host/grpc/call-params.js'
import { readConnectParams } from '../../host/grpc/connect-params.js'
import { readGuestParams } from '../../host/grpc/guest-params.js'
import { encodeTimeout } from '../../host/grpc/metadata.js'
import { endpointOf, serverNameOf } from '../../host/grpc/server-name.js'
import { readRequestSpec } from '../../host/http/request-spec.js'
import { tlsSettingsOf } from '../../host/net/tls.js'
import * as certificates from '../../test/host/x509/certificates.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { hostileJson, hostileKey, hostileText } from '../texts.js'

/** A value in the form that the guest half gives it: see modules/internal/grpc-request.ts. */
const value: Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.oneof(hostileText, fc.integer(), fc.boolean(), fc.constant(null)),
    fc.constantFrom(
      ['u'],
      ['n', 'NaN'],
      ['n', '-Infinity'],
      ['f', 'x'],
      ['x', 'Date'],
      ['b', [1, 2]],
      ['b', ['x', -1, 1e9]],
      ['?'],
      [],
    ),
    fc.tuple(fc.constant('a'), fc.array(tie('value'), { maxLength: 3 })),
    fc.tuple(fc.constant('o'), fc.array(fc.tuple(hostileKey, tie('value')), { maxLength: 4 })),
  ),
})).value

const pem = fc.constantFrom(...Object.values(certificates), '-----BEGIN X-----\n', '', 'x')
const object = (keys: Readonly<Record<string, Arbitrary<unknown>>>) =>
  fc.record(keys, { requiredKeys: [] }).map((given): unknown[] => ['o', Object.entries(given)])
const time = fc.constantFrom<unknown[]>('1s', '1d', -1, 0, 1e300, '', ['n', 'NaN'], ['u'])
const sizes = fc.constantFrom<unknown[]>(0, 1, -1, 1e20, '1', ['n', 'Infinity'])
const either = (likely: Arbitrary<unknown>) =>
  fc.oneof({ weight: 4, arbitrary: likely }, { weight: 1, arbitrary: value })
const metadata = fc
  .array(
    fc.tuple(fc.oneof(hostileKey, fc.constantFrom('x', 'x-bin', ':path', 'TE', 'connection')), either(hostileText)),
    { maxLength: 4 },
  )
  .map((pairs) => ['o', pairs])
const retry = object({
  maxAttempts: either(fc.integer({ min: 0, max: 7 })),
  initialBackoff: either(time),
  maxBackoff: either(time),
  backoffMultiplier: either(sizes),
  retryableStatusCodes: either(fc.constantFrom(['a', [14, 'UNAVAILABLE']], ['a', []], ['a', ['constructor', -1]])),
})
export const connectParams = object({
  plaintext: either(fc.boolean()),
  timeout: either(time),
  reflect: either(fc.boolean()),
  reflectMetadata: either(metadata),
  maxReceiveSize: either(sizes),
  maxSendSize: either(sizes),
  tls: either(object({ cert: either(pem), key: either(pem), password: either(hostileText), cacerts: either(pem) })),
  authority: either(hostileText),
  compression: either(fc.constantFrom('gzip', 'identity', 'x')),
  connectionSharing: either(fc.boolean()),
  loadBalancing: either(fc.constantFrom('round_robin', 'x')),
  retryPolicy: either(retry),
})
export const callParams = object({
  metadata: either(metadata),
  tags: either(metadata),
  timeout: either(time),
  discardResponseMessage: either(fc.boolean()),
  compression: either(fc.constantFrom('gzip', 'x')),
})
export const requestSpec = fc.record(
  {
    method: either(fc.constantFrom('GET', 'post', 'CONNECT', 'A B')),
    url: either(fc.constant('http://127.0.0.1/')),
    urlName: value,
    headers: either(fc.array(fc.tuple(hostileText, hostileText))),
    cookies: either(fc.array(fc.tuple(hostileText, hostileText, fc.boolean()))),
    tags: either(fc.array(fc.tuple(hostileKey, hostileText))),
    timeout: either(time),
    redirects: either(sizes),
    responseType: value,
    auth: either(fc.constantFrom('basic', 'digest', 'ntlm')),
    compression: either(fc.constantFrom('gzip', 'gzip,br', 'gzip,'.repeat(9), 'constructor')),
    jar: value,
    expected: either(fc.array(fc.oneof(fc.integer(), fc.record({ min: fc.integer(), max: fc.integer() })))),
    throws: value,
  },
  { requiredKeys: ['method', 'url'] },
)

const marked = (kind: string, values: Arbitrary<unknown>) => values.map((one) => bytesOf(kind + JSON.stringify(one)))

export const target: FuzzTarget = {
  seeds: () =>
    ['C["o",[]]', 'I["o",[["timeout","1s"]]]', 'H{"method":"GET","url":"http://a/"}', 'A127.0.0.1:1'].map(bytesOf),
  structured: fc.oneof(
    { weight: 4, arbitrary: marked('C', connectParams) },
    { weight: 3, arbitrary: marked('I', callParams) },
    { weight: 3, arbitrary: marked('H', requestSpec) },
    { weight: 1, arbitrary: marked('C', value) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('C', 'I', 'H'), hostileJson).map((p) => bytesOf(p.join(''))) },
  ),
  words: ['["o",[', '["a",[', '["b",[', '["n","NaN"]', '["u"]', '"__proto__"', '"tls"', '"metadata"', '-1', '1e400'],
  run(bytes) {
    const text = textOf(bytes.subarray(1))
    try {
      switch (bytes[0]) {
        case 0x43: {
          const params = readConnectParams(readGuestParams(text))
          const name = serverNameOf(endpointOf('a.b:1'), params.authority)
          const tls = {
            insecureSkipVerify: false,
            minVersion: undefined,
            maxVersion: undefined,
            cipherSuites: undefined,
          }
          tlsSettingsOf(tls as never, params.tls, name)
          return `C ${Object.keys(params).length} ${params.timeoutMs < 0}`
        }
        case 0x49: {
          const { metadata, tags, timeoutMs } = readCallParams(readGuestParams(text))
          // TimeoutValue of gRPC's protocol over HTTP/2: eight digits at most, and a unit.
          if (timeoutMs !== undefined && timeoutMs > 0) assert.match(encodeTimeout(timeoutMs), /^\d{1,8}[numSMH]$/)
          for (const [key, item] of metadata) assert.equal(typeof item === 'string', !key.endsWith('-bin'))
          return `I ${metadata.length} ${tags.size}`
        }
        case 0x48: {
          const spec = readRequestSpec(text)
          for (const part of spec.headers.flat()) assert.doesNotMatch(part, /[\r\n\u0000]/)
          return `H ${spec.headers.length} ${spec.encodings.length}`
        }
      }
      serverNameOf(endpointOf(text), text)
      return ''
    } catch (e) {
      return refusal(e, bytes, CallParamsError)
    }
  },
}

import assert from 'node:assert/strict'
import { isAppError } from '../../../errors.js'
import { readConnectParams } from '../../../host/grpc/connect-params.js'

describe('readConnectParams', () => {
  it('has defaults for everything', () => {
    const defaults = {
      isPlaintext: false,
      timeoutMs: 60_000,
      usesReflection: false,
      reflectMetadata: [],
      maxReceiveBytes: 0,
      maxSendBytes: 0,
      authority: '',
      isShared: false,
      loadBalancing: 'pick_first',
    }
    for (const value of [undefined, null, {}, 5, true, []]) assert.deepEqual(readConnectParams(value), defaults)
  })

  it('reads every parameter', () => {
    const params = readConnectParams({
      plaintext: true,
      timeout: '2s',
      reflect: true,
      reflectMetadata: { 'X-Key': 'v', 'b-bin': Uint8Array.from([1]) },
      maxReceiveSize: 5.0,
      maxSendSize: 6,
      tls: { cert: 'c', key: 'k', password: 'p', cacerts: 'ca', more: 1 },
      authority: 'a.test',
      compression: 'gzip',
      retryPolicy: {
        maxAttempts: 3,
        initialBackoff: '10ms',
        maxBackoff: '1s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE'],
      },
      connectionSharing: true,
      loadBalancing: 'round_robin',
    })
    assert.deepEqual(params, {
      isPlaintext: true,
      timeoutMs: 2000,
      usesReflection: true,
      reflectMetadata: [
        ['x-key', 'v'],
        ['b-bin', Uint8Array.from([1])],
      ],
      maxReceiveBytes: 5,
      maxSendBytes: 6,
      tls: { cert: 'c', key: 'k', password: 'p', cacerts: ['ca'] },
      authority: 'a.test',
      compression: 'gzip',
      retryPolicy: {
        ...{ maxAttempts: 3, initialBackoffMs: 10, maxBackoffMs: 1000, backoffMultiplier: 2 },
        retryable: new Set([14]),
      },
      isShared: true,
      loadBalancing: 'round_robin',
    })
  })

  const pem = 'it needs to be a PEM formatted string'
  for (const [value, why] of [
    [{ plaintext: 'yes' }, `invalid plaintext value: '"yes"', it needs to be boolean`],
    [{ plaintext: undefined }, "invalid plaintext value: '<nil>', it needs to be boolean"],
    [{ reflect: null }, "invalid reflect value: '<nil>', it needs to be boolean"],
    [{ timeout: null }, 'invalid timeout value: unable to use type <nil> as a duration value'],
    [{ maxReceiveSize: undefined }, "invalid maxReceiveSize value: '<nil>', it needs to be an integer"],
    [{ maxSendSize: null }, "invalid maxSendSize value: '<nil>', it needs to be an integer"],
    [{ authority: null }, "invalid authority value: '<nil>', it needs to be a string"],
    [{ tls: undefined }, "invalid tls value: '<nil>', expected (optional) keys: cert, key, password, and cacerts"],
    [{ reflect: 1 }, "invalid reflect value: '1', it needs to be boolean"],
    [{ connectionSharing: 1 }, "invalid connectionSharing value: '1', it needs to be boolean"],
    [
      { loadBalancing: 'grpclb' },
      `invalid loadBalancing value: '"grpclb"', it needs to be "pick_first" or "round_robin"`,
    ],
    [{ loadBalancing: null }, `invalid loadBalancing value: '<nil>', it needs to be "pick_first" or "round_robin"`],
    [{ timeout: 'x' }, 'invalid timeout value: time: invalid duration "x"'],
    [{ timeout: true }, 'invalid timeout value: unable to use type bool as a duration value'],
    [{ maxReceiveSize: 1.5 }, "invalid maxReceiveSize value: '1.5', it needs to be an integer"],
    [{ maxReceiveSize: '10' }, `invalid maxReceiveSize value: '"10"', it needs to be an integer`],
    [{ maxReceiveSize: -1 }, "invalid maxReceiveSize value: '-1, it needs to be a positive integer"],
    [{ maxSendSize: -5 }, "invalid maxSendSize value: '-5, it needs to be a positive integer"],
    [{ authority: 5 }, "invalid authority value: '5', it needs to be a string"],
    [{ tls: 'x' }, `invalid tls value: '"x"', expected (optional) keys: cert, key, password, and cacerts`],
    [{ tls: { cert: 1 } }, `invalid tls cert value: 'map[string]interface {}{"cert":1}', ${pem}`],
    [{ tls: { key: null } }, `invalid tls key value: 'map[string]interface {}{"key":interface {}(nil)}', ${pem}`],
    [
      { tls: { password: 1 } },
      `invalid tls password value: 'map[string]interface {}{"password":1}', it needs to be a string`,
    ],
    [
      { tls: { cacerts: ['x', 2] } },
      `invalid tls cacerts value: 'map[string]interface {}{"cacerts":[]interface {}{"x", 2}}', ` +
        'it needs to be a string or an array of PEM formatted strings',
    ],
    [{ reflectMetadata: 5 }, 'invalid reflectMetadata param: must be an object with key-value pairs'],
    [{ reflectMetadata: { a: 5 } }, 'invalid reflectMetadata param: "a" value must be a string'],
    [{ reflectMetadata: { 'a-bin': 'x' } }, 'invalid reflectMetadata param: "a-bin" value must be binary'],
    [{ retries: 3, plaintext: 'no' }, 'unknown connect param: "retries"'],
    [{ compression: 'br' }, `invalid compression value: '"br"', it needs to be "gzip" or "identity"`],
    [{ compression: null }, `invalid compression value: '<nil>', it needs to be "gzip" or "identity"`],
    [{ retryPolicy: { maxAttempts: 2 } }, 'invalid retryPolicy value: initialBackoff is missing'],
    ['text', 'unknown connect param: "0"'],
    [['x'], 'unknown connect param: "0"'],
    [JSON.parse('{"__proto__": 1}'), 'unknown connect param: "__proto__"'],
  ] as [unknown, string][]) {
    it(`refuses: ${why}`, () => {
      const isRight = (e: unknown) => {
        assert.ok(isAppError(e, 'CONNECT_FAILED'))
        assert.equal(e.message, `invalid grpc.connect() parameters: ${why}`)
        return true
      }
      assert.throws(() => readConnectParams(value), isRight)
    })
  }
})

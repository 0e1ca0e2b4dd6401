import assert from 'node:assert/strict'
import { isAppError } from '../../errors.js'
import { profiles, trustedPolicy, untrustedPolicy } from '../../policy/policy.js'
import { policyFrom } from '../../policy/policy-input.js'

const from = (input: unknown, profile?: 'trusted' | 'untrusted') =>
  policyFrom(input, { baseFolder: '/base', ...(profile === undefined ? {} : { profile }) })

describe('policyFrom', () => {
  it('is the profile where nothing is said: the untrusted one, the one that is named, the one that is asked for', () => {
    for (const nothing of [undefined, null, {}, Object.create(null)]) assert.deepEqual(from(nothing), untrustedPolicy)
    assert.deepEqual(from({ profile: 'trusted' }), trustedPolicy)
    assert.deepEqual(from({ profile: 'trusted' }, 'untrusted'), untrustedPolicy)
    assert.deepEqual(from({}, 'trusted'), trustedPolicy)
    assert.deepEqual(from({ limits: null, network: {}, files: {} }), untrustedPolicy)
  })

  it('puts what is said over the profile, and leaves the profile as it is', () => {
    const policy = from({
      network: { allow: ['127.0.0.1/32'], deny: ['127.0.0.2/32'] },
      grpcMethods: ['hello.HelloService/*', '*'],
      files: { read: ['data', '/abs/../other'] },
      env: ['STAGE', 'APP_*'],
      modules: ['k6', 'k6/net/*', 'https://host.example/lib/*'],
      limits: { memoryBytes: '48mb', vus: 3, cpuMs: '1.5s' },
    })
    assert.deepEqual(policy, {
      profile: 'untrusted',
      network: {
        ...{ default: 'deny', privateRanges: 'closed', allow: ['127.0.0.1/32'] },
        deny: [...untrustedPolicy.network.deny, '127.0.0.2/32'],
      },
      grpcMethods: ['hello.HelloService/*', '*'],
      files: { read: ['/base/data', '/other'], write: [] },
      env: ['STAGE', 'APP_*'],
      modules: ['k6', 'k6/net/*', 'https://host.example/lib/*'],
      limits: { ...untrustedPolicy.limits, memoryBytes: 48 * 1024 ** 2, vus: 3, cpuMs: 1500 },
    })
    assert.deepEqual(profiles.untrusted.network.allow, [])
  })

  it('opens everything of one kind with "all", and leaves a limit open with none or Infinity', () => {
    const policy = from({
      env: 'all',
      files: { write: 'all' },
      limits: { vus: Number.POSITIVE_INFINITY, callMs: 'none' },
    })
    assert.equal(policy.env, 'all')
    assert.equal(policy.files.write, 'all')
    assert.equal(policy.limits.vus, Number.POSITIVE_INFINITY)
    assert.equal(policy.limits.callMs, Number.POSITIVE_INFINITY)
  })

  const mistakes: [unknown, string, RegExp, RegExp?][] = [
    ['untrusted', '', /"untrusted" is not an object of profile, network/],
    [[], '', /a list is not an object/],
    [new Map(), '', /an object is not an object of/],
    [{ netwrok: {} }, 'netwrok', /there is no such key/, /did you mean network\?/],
    [{ 'a\nb': 1 }, '"a\\nb"', /there is no such key/, /there are profile, network/],
    [JSON.parse('{"__proto__": {"profile": "trusted"}}'), '__proto__', /there is no such key/],
    [{ constructor: 1 }, 'constructor', /there is no such key/],
    [JSON.parse('{"limits": {"__proto__": 1}}'), 'limits.__proto__', /there is no such key/],
    [{ limits: { toString: 1 } }, 'limits.toString', /there is no such key/],
    [
      { profile: 'trusted', network: { allow: ['10.0.0.1'] } },
      'network.allow',
      /the list closes nothing, as all is open/,
      /default: deny/,
    ],
    [{ profile: 'trustd' }, 'profile', /"trustd" is not one of trusted and untrusted/, /did you mean trusted\?/],
    [{ profile: true }, 'profile', /true is not one of/],
    [{ network: { default: 'yes' } }, 'network.default', /"yes" is not one of allow and deny/],
    [{ network: { allow: 'all' } }, 'network.allow', /"all" is not a list/],
    [{ network: { allow: ['127.0.0.1/32', '10.0.0.0/99'] } }, 'network.allow[1]', /10\.0\.0\.0\/99/],
    [{ network: { deny: [7] } }, 'network.deny[0]', /7 is not a text/],
    [{ grpcMethods: ['/a.B/C'] }, 'grpcMethods[0]', /"\/a\.B\/C" is no gRPC method/, /package\.Service\/Method/],
    [{ grpcMethods: 'none' }, 'grpcMethods', /"none" is neither a list nor "all"/],
    [{ files: { read: ['file:///etc'] } }, 'files.read[0]', /is a URL/],
    [{ files: { read: ['a\0b'] } }, 'files.read[0]', /has control characters/],
    [{ files: { write: [''] } }, 'files.write[0]', /the text is empty/],
    [{ files: { read: ['x'.repeat(5000)] } }, 'files.read[0]', /has 5000 letters/],
    [{ files: { exec: [] } }, 'files.exec', /there is no such key/],
    [{ env: ['A=b'] }, 'env[0]', /"A=b" is no name of a variable/],
    [{ env: Array(1001).fill('A') }, 'env', /there are 1001 entries; a list may have 1000/],
    [{ env: Array(2) }, 'env[0]', /undefined is not a text/],
    [{ modules: ['./lib.js'] }, 'modules[0]', /neither a module of k6 nor the URL/],
    [{ modules: ['http://host/'] }, 'modules[0]', /neither a module of k6 nor the URL/],
    [{ modules: ['https://*.example.com/'] }, 'modules[0]', /neither a module of k6 nor the URL/],
    [{ modules: ['https://cdn.example*'] }, 'modules[0]', /neither a module of k6 nor the URL/],
    [{ limits: { memoryByte: 1 } }, 'limits.memoryByte', /there is no such key/, /did you mean memoryBytes\?/],
    [{ limits: { memoryBytes: '64mm' } }, 'limits.memoryBytes', /"64mm" is not a size/],
    [{ limits: { memoryBytes: 'none' } }, 'limits.memoryBytes', /"none" is not a size/],
    [{ limits: { memoryBytes: 5 } }, 'limits.memoryBytes', /5 is out of range/, /from 25165824/],
    [{ limits: { cpuMs: Number.NaN } }, 'limits.cpuMs', /"NaN" is not a time/],
    [{ limits: { cpuMs: -1 } }, 'limits.cpuMs', /"-1" is not a time/],
    [{ limits: { vus: ['1'] } }, 'limits.vus', /a list is neither a number nor a text/],
    [{ limits: [] }, 'limits', /a list is not an object/],
  ]
  for (const [input, path, text, hint] of mistakes) {
    it(`tells of the mistake at ${path || 'the top'}: ${text.source}`, () => {
      assert.throws(
        () => from(input),
        (e) => {
          assert.ok(isAppError(e, 'POLICY_INVALID'))
          assert.equal(e.details?.path, path)
          assert.ok(e.message.startsWith(`the policy has a mistake${path === '' ? '' : ` at ${path}`}: `), e.message)
          assert.match(e.message, text)
          if (hint !== undefined) assert.match(e.hint ?? '', hint)
          return true
        },
      )
    })
  }
})

/** Policy files in YAML and JSON: a policy, or an error with the place of the mistake. */
import assert from 'node:assert/strict'
import fc, { type Arbitrary } from 'fast-check'
import { isAppError } from '../../errors.js'
import { type Limits, limitNames } from '../../policy/limits.js'
import { NetworkPolicy } from '../../policy/network.js'
import { parsePolicyText } from '../../policy/policy-file.js'
import { policyFrom } from '../../policy/policy-input.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { hostileJson, hostileKey, hostileText } from '../texts.js'

const rule = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('', 'grpc://', 'https://', 'ftp://', '://'),
      fc.constantFrom(
        'a.b',
        '*.a.b',
        '*',
        '10.0.0.0/8',
        '10.0.0.1/8',
        '[fd00::/8]',
        '::1',
        '[::1]',
        '127.1',
        '*.',
        'a.*',
        '[a]',
      ),
      fc.constantFrom('', ':80', ':1-2', ':2-1', ':0', ':99999', ':', ':-', ':1-'),
    )
    .map((parts) => parts.join('')),
  hostileText,
)
const wrong: Arbitrary<unknown> = fc.oneof(
  hostileText,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.constant([]),
  fc.constant({}),
)
const either = (likely: Arbitrary<unknown>) =>
  fc.oneof({ weight: 5, arbitrary: likely }, { weight: 1, arbitrary: wrong })
const names = (likely: Arbitrary<unknown>) =>
  either(fc.oneof(fc.constantFrom('all', 'none'), fc.array(either(likely), { maxLength: 3 })))
const policy = fc.record(
  {
    profile: either(fc.constantFrom('trusted', 'untrusted')),
    network: either(
      fc.record(
        {
          default: either(fc.constantFrom('allow', 'deny')),
          privateRanges: either(fc.constantFrom('open', 'closed')),
          allow: either(fc.array(either(rule), { maxLength: 4 })),
          deny: either(fc.array(either(rule), { maxLength: 4 })),
        },
        { requiredKeys: [] },
      ),
    ),
    grpcMethods: names(fc.constantFrom('a.B/C', 'a.*/*', '/a.B/C', '*', '')),
    files: either(
      fc.record(
        { read: names(fc.constantFrom('/w', 'data', '../..', '.', '\u0000')), write: names(fc.constant('out')) },
        { requiredKeys: [] },
      ),
    ),
    env: names(fc.constantFrom('A', 'A_*', '*', 'a b')),
    modules: names(fc.constantFrom('k6', 'k6/*', 'https://a.b/*', '*')),
    limits: either(
      fc.dictionary(
        fc.oneof(fc.constantFrom(...limitNames), hostileKey),
        fc.oneof(fc.integer(), fc.constantFrom('1s', '64mb', 'none', '-1', '1e9')),
        { maxKeys: 4 },
      ),
    ),
    unknown: wrong,
  },
  { requiredKeys: [] },
)
const yaml = fc.constantFrom(
  ...[
    'a: &a [x]\nb: *a',
    'a: &a {b: *a}',
    '<<: {network: x}',
    '!!js/function x',
    '? [a]\n: b',
    '--- a\n--- b',
    'limits: {cpuMs: 1, cpuMs: 2}',
    'a: |\n  b',
    '%YAML 9.9\n---\n{}',
  ],
  ...['[', '{', 'a: ', '- ', '? ', '&a ', '!a ', '*a ', '"', '- - '].map((part) => part.repeat(3000)),
  `a: &a [${'x,'.repeat(100)}]\n${Array.from({ length: 9 }, (_, i) => `b${i}: &b${i} [${`*${i === 0 ? 'a' : `b${i - 1}`},`.repeat(9)}]\n`).join('')}`,
)

export const target: FuzzTarget = {
  seeds: () => ['{}', 'network:\n  allow: [a.b]\n', 'profile: trusted\nlimits:\n  cpuMs: 2s\n'].map(bytesOf),
  structured: fc.oneof(
    { weight: 6, arbitrary: policy.map((value) => bytesOf(JSON.stringify(value))) },
    { weight: 1, arbitrary: yaml.map(bytesOf) },
    { weight: 1, arbitrary: hostileJson.map(bytesOf) },
  ),
  words: [
    'network:',
    'allow: [',
    'limits:',
    'files: {read: ',
    'profile: ',
    '&a ',
    '*a',
    '<<: ',
    '!!',
    '\n  ',
    '- ',
    '__proto__: ',
    ...limitNames,
  ],
  run(bytes) {
    let input: unknown
    try {
      input = parsePolicyText(textOf(bytes))
    } catch (e) {
      assert.ok(isAppError(e, 'POLICY_INVALID'), `${e}`)
      return refusal(e, bytes)
    }
    try {
      const { profile, network, limits, files } = policyFrom(input, { baseFolder: '/w' })
      // A policy that was read can be used.
      new NetworkPolicy(network)
      for (const limit of Object.values(limits as Limits))
        assert.ok(typeof limit === 'number' && limit >= 0, `${limit}`)
      for (const folders of [files.read, files.write]) {
        if (folders !== 'all') for (const folder of folders) assert.match(folder, /^\/[^\u0000]*$/)
      }
      assert.equal(Object.getPrototypeOf({ ...limits }), Object.prototype)
      return `${profile} ${network.allow.length} ${network.deny.length}`
    } catch (e) {
      assert.ok(isAppError(e, 'POLICY_INVALID'), `${(e as Error).stack}`)
      return refusal(e, bytes)
    }
  },
}

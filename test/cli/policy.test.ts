import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseRunFlags } from '../../cli/flags.js'
import { commandPolicy } from '../../cli/policy.js'
import { isAppError } from '../../errors.js'
import { trustedPolicy, untrustedPolicy } from '../../policy/policy.js'

const policyOf = (...argv: string[]) => commandPolicy(parseRunFlags([...argv, 's.js']).values)

describe('commandPolicy', () => {
  let folder: string
  let file: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'belljar-'))
    file = join(folder, 'policy.yaml')
    writeFileSync(file, 'env: [A]\nfiles: {read: [data]}\nnetwork: {allow: [127.0.0.1/32]}\nlimits: {vus: 7}\n')
  })
  after(() => rmSync(folder, { recursive: true }))

  it('is trusted when nothing is said, and what --profile says', () => {
    assert.deepEqual(policyOf(), trustedPolicy)
    assert.deepEqual(policyOf('--profile', 'trusted'), trustedPolicy)
    assert.deepEqual(policyOf('--profile=untrusted'), untrustedPolicy)
  })

  it('takes a file, which is untrusted when it does not say, and --profile over it', () => {
    const policy = policyOf('--policy', file)
    assert.equal(policy.profile, 'untrusted')
    assert.deepEqual(policy.env, ['A'])
    assert.deepEqual(policy.files.read, [join(folder, 'data')])
    assert.equal(policy.limits.vus, 7)
    const trusted = policyOf('--policy', file, '--profile', 'trusted')
    assert.deepEqual([trusted.profile, trusted.modules, trusted.env], ['trusted', 'all', ['A']])
  })

  it('narrows what is open for all to what flags list', () => {
    const policy = policyOf(
      ...['--allow-net', '127.0.0.1/32', '--deny-net', '127.0.0.2/32', '--allow-grpc', 'a.B/*', '--allow-read', 'data'],
      ...[
        '--allow-read',
        '/x',
        '--allow-write=out',
        '--allow-env',
        'A,B',
        '--allow-module',
        'k6/*',
        '--limit',
        'vus=3',
      ],
    )
    assert.deepEqual(policy, {
      profile: 'trusted',
      network: {
        default: 'deny',
        privateRanges: 'open',
        allow: ['127.0.0.1/32'],
        deny: [...trustedPolicy.network.deny, '127.0.0.2/32'],
      },
      grpcMethods: ['a.B/*'],
      files: { read: [resolve('data'), '/x'], write: [resolve('out')] },
      env: ['A,B'],
      modules: ['k6/*'],
      limits: { ...trustedPolicy.limits, vus: 3 },
    })
    const denied = policyOf('--deny-net', '127.0.0.2/32').network
    assert.deepEqual(denied, { ...trustedPolicy.network, deny: [...trustedPolicy.network.deny, '127.0.0.2/32'] })
  })

  it('makes lists longer that are there', () => {
    const policy = policyOf(
      ...['--policy', file, '--allow-net', '127.0.0.3/32', '--allow-env', 'B', '--allow-read', '/x'],
      ...['--allow-module', 'https://host.example/*', '--limit', 'vus=8'],
    )
    assert.deepEqual(policy.network.allow, ['127.0.0.1/32', '127.0.0.3/32'])
    assert.deepEqual(policy.env, ['A', 'B'])
    assert.deepEqual(policy.files.read, [join(folder, 'data'), '/x'])
    assert.deepEqual(policy.modules, ['k6', 'k6/*', 'https://host.example/*'])
    assert.equal(policy.limits.vus, 8)
  })

  const wrong: [string[], string, RegExp][] = [
    [['--profile', 'untrustd'], 'USAGE', /invalid argument "untrustd" for "--profile" flag/],
    [['--limit', 'vus'], 'USAGE', /invalid argument "vus" for "--limit" flag: name=value is needed/],
    [['--limit', 'vu=1'], 'OPTIONS_INVALID', /unknown limit "vu"/],
    [['--policy', '/nowhere/p.yaml'], 'POLICY_INVALID', /p\.yaml: there is no such policy file/],
    [['--allow-net', '10.0.0.0/99'], 'POLICY_INVALID', /at --allow-net: .*10\.0\.0\.0\/99/],
    [['--allow-grpc', 'Method'], 'POLICY_INVALID', /at --allow-grpc: "Method" is no gRPC method/],
    [['--allow-module', 'left-pad'], 'POLICY_INVALID', /at --allow-module: "left-pad" is neither/],
    [['--allow-read', ''], 'POLICY_INVALID', /at --allow-read: the text is empty/],
  ]
  for (const [argv, code, message] of wrong) {
    it(`refuses ${argv.join(' ')}`, () => {
      assert.throws(
        () => policyOf(...argv),
        (e) => isAppError(e) && e.code === code && message.test(e.message),
      )
    })
  }
})

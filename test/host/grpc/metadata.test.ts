import assert from 'node:assert/strict'
import { addMetadata, encodeTimeout, headerListBytes, readHeaderBlock } from '../../../host/grpc/metadata.js'

describe('addMetadata', () => {
  it('gathers the values of a key that comes again', () => {
    const headers: Record<string, string | string[]> = {}
    const pairs: [string, string][] = ['1', '2', '3'].map((value) => ['a', value])
    assert.equal(addMetadata(headers, pairs), undefined)
    assert.deepEqual(headers, { a: ['1', '2', '3'] })
  })

  it('refuses an empty key', () => {
    assert.equal(addMetadata({}, [['', 'x']])?.message, 'there is an empty key in the header')
  })
})

describe('encodeTimeout', () => {
  for (const [ms, expected] of [
    [0.05, '50000n'],
    [200, '200000u'],
    [120_000, '120000m'],
    [86_400_000, '86400000m'],
    [1e9, '1000000S'],
    [1e300, '99999999H'],
    [1e-9, '1n'],
  ] as const) {
    it(`writes ${ms} ms as ${expected}`, () => assert.equal(encodeTimeout(ms), expected))
  }
})

describe('headerListBytes', () => {
  it('counts as HPACK does', () => assert.equal(headerListBytes({ ab: 'c', d: ['e', 'f'] }), 35 + 2 * 34))
})

describe('readHeaderBlock', () => {
  it('keeps every name apart from the names of objects', () => {
    const { metadata } = readHeaderBlock(['__proto__', '1', 'constructor', '2'])
    assert.deepEqual(
      [...metadata],
      [
        ['__proto__', ['1']],
        ['constructor', ['2']],
      ],
    )
  })

  it('refuses binary values that are no base64', () => {
    assert.match(readHeaderBlock(['a-bin', '*']).error ?? '', /^transport: malformed a-bin: /)
    assert.match(readHeaderBlock(['a-bin', 'AAAAA']).error ?? '', /^transport: malformed a-bin: /)
  })

  it('shows binary values as lossy text', () => {
    assert.deepEqual(readHeaderBlock(['a-bin', '/w==']).metadata.get('a-bin'), ['\ufffd'])
  })
})

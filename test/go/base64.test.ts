import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type Base64Variant, decodeBase64, encodeBase64 } from '../../go/base64.js'
import '../support/fixed-seed.js'

const variants: Base64Variant[] = ['std', 'rawstd', 'url', 'rawurl']

/** RFC 4648, section 10. */
const vectors: [string, string][] = [
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
]

describe('base64 as Go has it', () => {
  for (const [text, base64] of vectors) {
    it(`writes and reads the RFC's ${JSON.stringify(base64)}`, () => {
      const raw = base64.replaceAll('=', '')
      for (const variant of variants) {
        const expected = variant.startsWith('raw') ? raw : base64
        assert.equal(encodeBase64(Buffer.from(text), variant), expected)
        assert.equal(decodeBase64(expected, variant).toString(), text)
      }
    })
  }

  it('has another alphabet in URLs', () => {
    const bytes = Buffer.from([0xfb, 0xff, 0xbe, 0xff])
    assert.deepEqual(
      variants.map((variant) => encodeBase64(bytes, variant)),
      ['+/++/w==', '+/++/w', '-_--_w==', '-_--_w'],
    )
  })

  it('reads back what it wrote, of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.constantFrom(...variants), (bytes, variant) => {
        assert.deepEqual(new Uint8Array(decodeBase64(encodeBase64(bytes, variant), variant)), bytes)
      }),
    )
  })

  it('skips line ends wherever they are', () => {
    assert.equal(decodeBase64('\nZ\r\nm9\nv\r\nYg=\n=\r\n', 'std').toString(), 'foob')
  })

  it('does not look at the bits that padding leaves over', () => {
    assert.equal(decodeBase64('Zh==', 'std').toString(), 'f')
  })

  /** Offsets as Go's own tests of encoding/base64 have them (TestDecodeCorrupt, TestNewLineCharacters and their kin). */
  const faults: [string, Base64Variant, number][] = [
    ['!!!!', 'std', 0],
    ['====', 'std', 0],
    ['x===', 'std', 1],
    ['=AAA', 'std', 0],
    ['A=AA', 'std', 1],
    ['AA=A', 'std', 2],
    ['AA==A', 'std', 4],
    ['AAA=AAAA', 'std', 4],
    ['AAAAA', 'std', 4],
    ['AAAAAA', 'std', 4],
    ['A=', 'std', 1],
    ['A==', 'std', 1],
    ['AA=', 'std', 3],
    ['AA==', 'rawstd', 2],
    ['AAA=', 'rawstd', 3],
    ['AAAA=', 'std', 4],
    ['YWJjZA=====', 'std', 8],
    ['A!\n', 'std', 1],
    ['A=\n', 'std', 1],
    ['A', 'rawurl', 0],
    ['-_-_', 'std', 0],
    ['+/+/', 'url', 0],
    // Counted in bytes of UTF-8, and at the character's first one.
    ['AAé', 'std', 2],
    ['AAAA\u20ac', 'std', 4],
  ]
  for (const [text, variant, at] of faults) {
    it(`refuses ${JSON.stringify(text)} as ${variant} at byte ${at}`, () => {
      assert.throws(() => decodeBase64(text, variant), { message: `illegal base64 data at input byte ${at}` })
    })
  }
})

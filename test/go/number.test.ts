import assert from 'node:assert/strict'
import { formatFixed2, parseBool, parseFloat64, parseInt64 } from '../../go/number.js'
import { goQuote } from '../../go/quote.js'

describe('parseInt64', () => {
  it('reads decimal digits with a sign', () => {
    assert.equal(parseInt64('-12'), -12)
    assert.equal(parseInt64('+7'), 7)
  })

  it('refuses in the words of Go', () => {
    assert.throws(() => parseInt64('many'), { message: 'strconv.ParseInt: parsing "many": invalid syntax' })
    assert.throws(() => parseInt64('1.5'), { message: 'strconv.ParseInt: parsing "1.5": invalid syntax' })
    assert.throws(() => parseInt64('9223372036854775808'), {
      message: 'strconv.ParseInt: parsing "9223372036854775808": value out of range',
    })
    assert.throws(() => parseInt64('9'.repeat(10_000)), /value out of range$/)
  })

  it('takes prefixes and underscores with base 0 only', () => {
    assert.equal(parseInt64('0x1F', 0), 31)
    assert.equal(parseInt64('010', 0), 8)
    assert.equal(parseInt64('1_000', 0), 1_000)
    assert.throws(() => parseInt64('1_000'), /invalid syntax/)
  })
})

describe('parseFloat64', () => {
  it('reads what Go reads', () => {
    assert.equal(parseFloat64('.5'), 0.5)
    assert.equal(parseFloat64('5.'), 5)
    assert.equal(parseFloat64('-Inf'), Number.NEGATIVE_INFINITY)
    assert.equal(parseFloat64(''), undefined)
    assert.equal(parseFloat64(' 1'), undefined)
  })
})

describe('parseBool', () => {
  it('takes the spellings of Go and no other', () => {
    assert.equal(parseBool('T'), true)
    assert.equal(parseBool('0'), false)
    assert.throws(() => parseBool('yes'), { message: 'strconv.ParseBool: parsing "yes": invalid syntax' })
  })
})

describe('quoteGo', () => {
  it('escapes control characters, so that hostile text cannot reach a terminal', () => {
    assert.equal(goQuote('a"b\n\x1b[0m\u2028'), '"a\\"b\\n\\x1b[0m\\u2028"')
  })
})

describe('formatFixed2', () => {
  it('rounds exact halves to the even digit', () => {
    assert.equal(formatFixed2(0.125), '0.12')
    assert.equal(formatFixed2(0.375), '0.38')
    assert.equal(formatFixed2(10), '10.00')
    assert.equal(formatFixed2(100 / 3), '33.33')
  })
})

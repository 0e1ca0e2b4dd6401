import assert from 'node:assert/strict'
import {
  createStriping,
  formatSegment,
  formatSegmentSequence,
  globalIndex,
  lengthOf,
  parseSegment,
  parseSegmentSequence,
  scale,
  stripingFor,
  wholeTest,
} from '../../../engine/plan/segment.js'

describe('parseSegment', () => {
  const good: [string, string][] = [
    ['', '0:1'],
    ['1/3', '0:1/3'],
    ['25%', '0:1/4'],
    ['0.5:0.75', '1/2:3/4'],
    ['1/3:2/3', '1/3:2/3'],
    ['2e-1:1', '1/5:1'],
    ['10%:1/2', '1/10:1/2'],
  ]
  for (const [text, printed] of good) {
    it(`reads ${JSON.stringify(text)} as ${printed}`, () => assert.equal(formatSegment(parseSegment(text)), printed))
  }

  const bad: [string, string][] = [
    ['-0.1:1', 'segment start value must be at least 0 but was -0.10'],
    ['1/2:0.5', 'segment start(0.50) must be less than its end(0.50)'],
    ['1.5', "segment end value can't be more than 1 but was 1.50"],
    ['x', "'x' is not a valid percentage, decimal, fraction or interval value"],
    ['x%', "'x%' is not a valid percentage"],
    ['1/0', "'1/0' is not a valid percentage, decimal, fraction or interval value"],
    ['1e999999999', "'1e999999999' is not a valid percentage, decimal, fraction or interval value"],
  ]
  for (const [text, message] of bad) {
    it(`refuses ${text}`, () => assert.throws(() => parseSegment(text), { message }))
  }
})

describe('parseSegmentSequence', () => {
  it('reads points and prints them', () => {
    assert.equal(formatSegmentSequence(parseSegmentSequence('0,0.25,1/2,100%')), '0,1/4,1/2,1')
    assert.deepEqual(parseSegmentSequence(''), [])
  })

  it('needs two points', () => {
    assert.throws(() => parseSegmentSequence('1'), {
      message: 'at least 2 points are needed for an execution segment sequence, 1 given',
    })
  })
})

describe('createStriping', () => {
  it('fills the sequence around a segment', () => {
    assert.equal(formatSegmentSequence(createStriping(parseSegment('1/3:1/2')).sequence), '0,1/3,1/2,1')
  })

  it('gives elements to the longest segment that is not ahead of its share', () => {
    const sequence = parseSegmentSequence('0,1/6,1/2,1')
    const { elements } = createStriping(sequence[0], sequence)
    assert.deepEqual(elements, [[5], [1, 3], [0, 2, 4]])
  })

  it('refuses a pattern that would fill the memory', () => {
    assert.throws(() => createStriping(parseSegment('1/1000000007')), /need a pattern of 1000000007 elements/)
  })

  it('refuses a segment that the sequence does not have', () => {
    assert.throws(() => createStriping(parseSegment('1/4'), parseSegmentSequence('0,1/2,1')), {
      message: "couldn't find segment 0:1/4 in sequence 0,1/2,1",
    })
  })
})

describe('scale', () => {
  it('splits every number without a rest', () => {
    for (const text of ['0,1/3,2/3,1', '0,1/7,1/2,1', '0,0.1,0.3,0.35,1', '0.2,0.5']) {
      const sequence = parseSegmentSequence(text)
      const striping = createStriping(sequence[0], sequence)
      for (let value = 0; value < 150; value++) {
        const shares = striping.sequence.map((_, index) => scale(striping, value, index))
        assert.equal(
          shares.reduce((sum, share) => sum + share, 0),
          value,
          `${text} ${value}`,
        )
      }
    }
  })

  it('gives all to a test that is not split', () => {
    assert.equal(scale(wholeTest, 1e8), 1e8)
    assert.equal(globalIndex(wholeTest, 12_345), 12_345)
  })
})

describe('globalIndex', () => {
  it('is the inverse of scale', () => {
    const sequence = parseSegmentSequence('0,1/7,1/2,1')
    for (const segment of sequence) {
      const striping = createStriping(segment, sequence)
      for (let position = 0; position < 50; position++) {
        const global = globalIndex(striping, position)
        assert.equal(scale(striping, global), position)
        assert.equal(scale(striping, global + 1), position + 1)
      }
    }
  })
})

describe('stripingFor', () => {
  it('splits as the elements of a value are split', () => {
    const sequence = parseSegmentSequence('0,1/3,2/3,1')
    const shares = sequence.map((segment) => {
      const own = stripingFor(createStriping(segment, sequence), 4)
      return own === undefined ? 0 : scale(own, 10)
    })
    assert.equal(
      shares.reduce((sum, share) => sum + share, 0),
      10,
    )
    assert.deepEqual(shares, [5, 3, 2])
  })

  it('gives nothing to a segment without a share', () => {
    const sequence = parseSegmentSequence('0,1/3,2/3,1')
    assert.equal(stripingFor(createStriping(sequence[2], sequence), 1), undefined)
  })

  it('keeps the striping of a value that divides evenly', () => {
    const striping = createStriping(parseSegment('1/2'))
    assert.equal(stripingFor(striping, 4), striping)
  })
})

describe('lengthOf', () => {
  it('is exact', () => assert.deepEqual(lengthOf(parseSegment('1/3:1/2')), { numerator: 1n, denominator: 6n }))
})

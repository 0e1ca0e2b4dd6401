/**
 * Execution segments: which part of a test this process runs. Parses and prints them, and stripes whole numbers (VUs,
 * iterations) over the segments of a sequence so that the shares always add up. Pure; knows nothing of options.
 */

/** An exact fraction in lowest terms; the denominator is positive. */
export interface Fraction {
  readonly numerator: bigint
  readonly denominator: bigint
}

/** The part of a test from `from` (inclusive) to `to` (exclusive); 0 ≤ from < to ≤ 1. */
export interface Segment {
  readonly from: Fraction
  readonly to: Fraction
}

/** Segments that follow each other without a gap. */
export type SegmentSequence = readonly Segment[]

/** How many elements a stripe pattern may have before it repeats; bounds memory against segments such as 1/1000000007. */
export const maxStripeLength = 1_000_000

/** A segment or a sequence that cannot be; the message is k6's. */
export class SegmentError extends Error {}

export const zero: Fraction = { numerator: 0n, denominator: 1n }
export const one: Fraction = { numerator: 1n, denominator: 1n }

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a < 0n ? -a : a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

/** A fraction in lowest terms. */
export function fraction(numerator: bigint, denominator: bigint): Fraction {
  const divisor = gcd(numerator, denominator) || 1n
  return { numerator: numerator / divisor, denominator: denominator / divisor }
}

function difference(a: Fraction, b: Fraction): Fraction {
  return fraction(a.numerator * b.denominator - b.numerator * a.denominator, a.denominator * b.denominator)
}

function compare(a: Fraction, b: Fraction): number {
  const left = a.numerator * b.denominator
  const right = b.numerator * a.denominator
  return left < right ? -1 : left > right ? 1 : 0
}

/** A fraction with two digits, halves away from zero. */
function twoDigits({ numerator, denominator }: Fraction): string {
  const isNegative = numerator < 0n
  const magnitude = isNegative ? -numerator : numerator
  const hundredths = (magnitude * 200n + denominator) / (denominator * 2n)
  return `${isNegative ? '-' : ''}${hundredths / 100n}.${(hundredths % 100n).toString().padStart(2, '0')}`
}

function formatFraction({ numerator, denominator }: Fraction): string {
  return denominator === 1n ? `${numerator}` : `${numerator}/${denominator}`
}

function parseFraction(text: string): Fraction {
  const shown = text.slice(0, 200)
  if (text.endsWith('%')) {
    if (!/^[+-]?[0-9]{1,50}%$/.test(text)) throw new SegmentError(`'${shown}' is not a valid percentage`)
    return fraction(BigInt(text.slice(0, -1).replace('+', '')), 100n)
  }
  const ratio = /^([+-]?)([0-9]{1,50})\/([0-9]{1,50})$/.exec(text)
  if (ratio && BigInt(ratio[3] ?? '0') !== 0n) {
    return fraction(BigInt(ratio[2] ?? '0') * (ratio[1] === '-' ? -1n : 1n), BigInt(ratio[3] ?? '1'))
  }
  const decimal = /^([+-]?)(?:([0-9]{1,50})\.?([0-9]{0,50})|\.([0-9]{1,50}))(?:[eE]([+-]?[0-9]{1,2}))?$/.exec(text)
  if (!decimal) throw new SegmentError(`'${shown}' is not a valid percentage, decimal, fraction or interval value`)
  const decimals = decimal[3] ?? decimal[4] ?? ''
  const digits = BigInt(`${decimal[2] ?? ''}${decimals}`) * (decimal[1] === '-' ? -1n : 1n)
  const exponent = Number(decimal[5] ?? '0') - decimals.length
  return exponent < 0 ? fraction(digits, 10n ** BigInt(-exponent)) : fraction(digits * 10n ** BigInt(exponent), 1n)
}

function segmentBetween(from: Fraction, to: Fraction): Segment {
  if (compare(from, zero) < 0) {
    throw new SegmentError(`segment start value must be at least 0 but was ${twoDigits(from)}`)
  }
  if (compare(from, to) >= 0) {
    throw new SegmentError(`segment start(${twoDigits(from)}) must be less than its end(${twoDigits(to)})`)
  }
  if (compare(to, one) > 0) throw new SegmentError(`segment end value can't be more than 1 but was ${twoDigits(to)}`)
  return { from, to }
}

/**
 * Reads `0:1/3`, `1/3` (which starts at 0), `25%`, `0.5:0.75`; an empty text is the whole test.
 *
 * @throws {SegmentError} with the text of k6
 */
export function parseSegment(text: string): Segment {
  const colon = text.indexOf(':')
  if (colon < 0) return segmentBetween(zero, text === '' ? one : parseFraction(text))
  const from = parseFraction(text.slice(0, colon))
  return segmentBetween(from, parseFraction(text.slice(colon + 1)))
}

/**
 * Reads `0,1/3,2/3,1`.
 *
 * @returns the segments between the points; none for an empty text
 * @throws {SegmentError} with the text of k6
 */
export function parseSegmentSequence(text: string): SegmentSequence {
  if (text === '') return []
  const points = text.split(',')
  if (points.length < 2) {
    throw new SegmentError(`at least 2 points are needed for an execution segment sequence, ${points.length} given`)
  }
  const segments: Segment[] = []
  let from: Fraction | undefined
  for (const point of points) {
    const to = parseFraction(point)
    if (from !== undefined) segments.push(segmentBetween(from, to))
    from = to
  }
  return segments
}

/** `0:1/3` */
export function formatSegment(segment: Segment | undefined): string {
  return segment === undefined ? '0:1' : `${formatFraction(segment.from)}:${formatFraction(segment.to)}`
}

/** `0,1/3,1` */
export function formatSegmentSequence(sequence: SegmentSequence): string {
  const first = sequence[0]
  if (first === undefined) return ''
  return [first.from, ...sequence.map((segment) => segment.to)].map(formatFraction).join(',')
}

/** True when both are the same part of the test; no segment is the whole test. */
export function isSameSegment(a: Segment | undefined, b: Segment | undefined): boolean {
  return compare(a?.from ?? zero, b?.from ?? zero) === 0 && compare(a?.to ?? one, b?.to ?? one) === 0
}

/** The length of a segment as an exact fraction; 1 for none. */
export function lengthOf(segment: Segment | undefined): Fraction {
  return segment === undefined ? one : difference(segment.to, segment.from)
}

/** How the numbers of a test fall to one segment of a full sequence. */
export interface Striping {
  readonly sequence: SegmentSequence
  /** Which segment of the sequence is ours. */
  readonly index: number
  /** After how many elements the pattern repeats. */
  readonly length: number
  /** For each segment of the sequence the elements of one pattern that are its own, ascending. */
  readonly elements: readonly (readonly number[])[]
}

/** The striping of a test that is not split. */
export const wholeTest: Striping = { sequence: [{ from: zero, to: one }], index: 0, length: 1, elements: [[0]] }

/**
 * The striping for a segment, with a sequence of our own making when none is given: what is before and what is after the
 * segment are segments too.
 *
 * @throws {SegmentError} when the segment is not in the sequence or the pattern is too long
 */
export function createStriping(segment?: Segment, sequence?: SegmentSequence): Striping {
  const full = fillSequence(sequence?.length ? sequence : [segment ?? { from: zero, to: one }])
  const index = full.findIndex((candidate) => isSameSegment(candidate, segment))
  if (index < 0) {
    throw new SegmentError(`couldn't find segment ${formatSegment(segment)} in sequence ${formatSegmentSequence(full)}`)
  }
  return stripe(full, index)
}

function fillSequence(sequence: SegmentSequence): SegmentSequence {
  const filled = [...sequence]
  const first = filled[0]
  const last = filled.at(-1)
  if (first && compare(first.from, zero) !== 0) filled.unshift({ from: zero, to: first.from })
  if (last && compare(last.to, one) !== 0) filled.push({ from: last.to, to: one })
  return filled
}

/**
 * Gives every element of one pattern to a segment: the longest segment that is not ahead of its share takes it. Segments
 * of the same length keep their order.
 */
function stripe(sequence: SegmentSequence, index: number): Striping {
  if (sequence.length === 1) return { ...wholeTest, sequence, index }
  const lengths = sequence.map(lengthOf)
  let common = 1n
  for (const { denominator } of lengths) common *= denominator / gcd(common, denominator)
  if (common > BigInt(maxStripeLength)) {
    throw new SegmentError(
      `the execution segments ${formatSegmentSequence(sequence)} need a pattern of ${common} elements, more than ${maxStripeLength}`,
    )
  }
  const length = Number(common)
  const shares = lengths.map(({ numerator, denominator }) => Number(numerator * (common / denominator)))
  const order = shares.map((_, position) => position).sort((a, b) => (shares[b] ?? 0) - (shares[a] ?? 0) || a - b)
  const elements = shares.map((): number[] => [])
  for (let element = 0; element < length; element++) {
    const taker = order.find(
      (position) => (elements[position]?.length ?? 0) * length <= element * (shares[position] ?? 0),
    )
    if (taker !== undefined) elements[taker]?.push(element)
  }
  return { sequence, index, length, elements }
}

/** How many of the first `value` elements are ours (or those of segment `index`). */
export function scale(striping: Striping, value: number, index = striping.index): number {
  if (striping.sequence.length === 1) return value
  const own = striping.elements[index] ?? []
  const rest = value % striping.length
  return Math.floor(value / striping.length) * own.length + countBelow(own, rest)
}

function countBelow(sorted: readonly number[], limit: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) < limit) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The global number (from 0) of our element number `position` (from 0): the inverse of `scale`. So a segment finds the
 * global number of an iteration, of a VU and of an arrival tick.
 */
export function globalIndex(striping: Striping, position: number): number {
  const own = striping.elements[striping.index] ?? [0]
  const rounds = Math.floor(position / own.length)
  return rounds * striping.length + (own[position % own.length] ?? 0)
}

/**
 * A new striping in which the segments have exactly the shares that `value` elements give them. Shared iterations and
 * arrival ticks are split with it, so that they follow the VUs.
 *
 * @returns undefined when our share of `value` is nothing
 */
export function stripingFor(striping: Striping, value: number): Striping | undefined {
  if (value < 1) return undefined
  if (value % striping.length === 0) return striping
  const segments: Segment[] = []
  let taken = 0
  let index = -1
  striping.sequence.forEach((_, position) => {
    const share = scale(striping, value, position)
    if (share === 0) return
    if (position === striping.index) index = segments.length
    segments.push({
      from: fraction(BigInt(taken), BigInt(value)),
      to: fraction(BigInt(taken + share), BigInt(value)),
    })
    taken += share
  })
  return index < 0 ? undefined : stripe(segments, index)
}

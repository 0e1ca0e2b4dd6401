/** Changes of bytes by chance: those that parsers trip over. Knows no format. */
import type { Random } from '../test/protoc/random.js'

const edges = [0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 0x20, 0x22, 0x27, 0x2f, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d]
const hostileWords = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'null', 'true', '-0', '1e999', '9007199254740993'],
  ...['-1', '4294967296', '18446744073709551616', '0.1', 'NaN', 'Infinity', '../', 'file:///', '%00', '%2e', '\\u0000'],
  ...['\u0000', '\u001b[31m', '\u009b', '\u202e', '\u2028', '\ufeff', '\ufffd', '\ud83d\ude00', '</script>', '=cmd()'],
]
/** Inputs may be doubled again and again, and a budget of time means something for small ones only. */
const maxBytes = 64 * 1024

/** The input with one to five changes. `others` are inputs that parts are taken from. */
export function mutateBytes(
  input: Uint8Array,
  others: readonly Uint8Array[],
  words: readonly string[],
  random: Random,
): Uint8Array {
  let bytes = Buffer.from(input)
  for (let changes = random.integer(1, 5); changes > 0; changes--) {
    bytes = change(bytes, others, words, random)
  }
  return bytes.subarray(0, maxBytes)
}

function change(
  bytes: Buffer<ArrayBuffer>,
  others: readonly Uint8Array[],
  words: readonly string[],
  random: Random,
): Buffer<ArrayBuffer> {
  const at = random.integer(0, bytes.length)
  const end = Math.min(bytes.length, at + (random.chance(0.7) ? random.integer(1, 8) : random.integer(1, 1000)))
  const put = (middle: Uint8Array, from = at, to = at) =>
    Buffer.concat([bytes.subarray(0, from), middle, bytes.subarray(to)])
  switch (random.integer(0, 8)) {
    case 0:
      return put(Buffer.of(random.pick(edges)), at, at + 1)
    case 1: {
      const copy = Buffer.from(bytes)
      if (at < copy.length) copy[at] = copy[at]! ^ (1 << random.integer(0, 7))
      return copy
    }
    case 2:
      return put(Buffer.of(random.integer(0, 255)))
    case 3:
      return put(Buffer.alloc(0), at, end)
    case 4:
      return put(bytes.subarray(at, end))
    case 5: {
      const part = bytes.subarray(at, end)
      const times = Math.min(random.integer(2, 2000), Math.floor(maxBytes / Math.max(part.length, 1)))
      return put(Buffer.concat(Array.from({ length: times }, () => part)))
    }
    case 6: {
      const other = random.pick(others)
      const from = random.integer(0, other.length)
      return put(other.subarray(from, from + random.integer(1, 200)), at, random.chance(0.5) ? end : at)
    }
    case 7:
      return put(
        Buffer.from(random.pick(words.length > 0 && random.chance(0.8) ? words : hostileWords)),
        at,
        random.chance(0.3) ? end : at,
      )
    default: {
      const number = Buffer.alloc(random.pick([1, 2, 4, 8]))
      number.fill(random.pick([0, 0xff, 0x80, 0x7f]))
      return put(number, at, random.chance(0.5) ? at + number.length : at)
    }
  }
}

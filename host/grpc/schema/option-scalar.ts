/**
 * Scalars in options, `[default = …]` above all: whether a value as written is one of a type, and what descriptor.proto writes
 * for it. It must not know fields or options.
 */

import type { EnumDescriptor } from './descriptors.js'
import type { ScalarKind, WrittenValue } from './file-descriptor.js'

const integerRanges = new Map<ScalarKind, readonly [type: string, min: bigint, max: bigint]>()
for (const [bits, kinds] of [
  [32, ['int32', 'sint32', 'sfixed32']],
  [64, ['int64', 'sint64', 'sfixed64']],
] as const) {
  for (const kind of kinds)
    integerRanges.set(kind, [`int${bits}`, -(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n])
}
for (const [bits, kinds] of [
  [32, ['uint32', 'fixed32']],
  [64, ['uint64', 'fixed64']],
] as const) {
  for (const kind of kinds) integerRanges.set(kind, [`uint${bits}`, 0n, 2n ** BigInt(bits) - 1n])
}

/** A value that is none of its type; the message is the end of k6's. */
export class NotOfType extends Error {}

/**
 * The text of a scalar in a descriptor: `-128` for `-0x80`, `inf`, `true`, an enum's value by name, a string as it is, bytes with
 * C escapes.
 *
 * @throws {NotOfType}
 */
export function scalarText(value: WrittenValue, kind: ScalarKind | EnumDescriptor): string {
  const { text } = value
  if (typeof kind === 'object') {
    if (value.kind !== 'word' || text.startsWith('-')) throw new NotOfType(`expecting enum name, got ${nameOf(value)}`)
    if (kind.numberByName.has(text)) return text
    throw new NotOfType(`enum ${kind.fullName} has no value named ${text}`)
  }
  const range = integerRanges.get(kind)
  if (range !== undefined) return integerText(value, range)
  if (kind === 'float' || kind === 'double') return floatText(value, kind)
  if (kind === 'bool' ? value.kind === 'word' && (text === 'true' || text === 'false') : value.kind === 'string') {
    return kind === 'bytes' ? cEscaped(value.bytes ?? Buffer.from(text)) : text
  }
  throw new NotOfType(`expecting ${kind}, got ${nameOf(value)}`)
}

/** The value of an integer as written: decimal, octal or hexadecimal, with a minus in front or not. */
function integerOf(text: string): bigint {
  const digits = text.replace(/^-/, '')
  const magnitude = BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits)
  return text === digits ? magnitude : -magnitude
}

function integerText(value: WrittenValue, [type, min, max]: readonly [string, bigint, bigint]): string {
  if (value.kind !== 'int') throw new NotOfType(`expecting ${type}, got ${nameOf(value)}`)
  const number = integerOf(value.text)
  if (number < min || number > max) throw new NotOfType(`value ${number} is out of range for ${type}`)
  return String(number)
}

function floatText(value: WrittenValue, kind: 'float' | 'double'): string {
  const { text } = value
  if (value.kind === 'word' && /^-?(inf|nan)$/.test(text)) return text.replace('-nan', 'nan')
  if (value.kind !== 'int' && value.kind !== 'float') throw new NotOfType(`expecting ${kind}, got ${nameOf(value)}`)
  const number = value.kind === 'int' ? Number(integerOf(text)) : Number(text)
  return String(kind === 'float' ? Math.fround(number) : number).replace('Infinity', 'inf')
}

function nameOf({ kind, text }: WrittenValue): string {
  switch (kind) {
    case 'word':
      return text === 'true' || text === 'false' ? 'bool' : /^-/.test(text) ? 'double' : 'identifier'
    case 'int':
      return text.startsWith('-') ? 'negative integer' : 'integer'
    case 'float':
      return 'double'
    case 'string':
      return 'string'
    default:
      return 'message'
  }
}

const cEscapes: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 34: '\\"', 39: "\\'", 92: '\\\\' }

function cEscaped(bytes: Uint8Array): string {
  let out = ''
  for (const byte of bytes) {
    const isPrintable = byte >= 0x20 && byte < 0x7f
    out += cEscapes[byte] ?? (isPrintable ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`)
  }
  return out
}

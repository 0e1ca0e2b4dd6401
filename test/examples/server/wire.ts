/**
 * Protobuf by hand, as far as the tests of the example server need it: they run where generated code is not allowed, and
 * bytes written here cannot share a mistake with the schema library of the server.
 */

export type Value = number | Buffer

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128)
  bytes.push(rest)
  return Buffer.from(bytes)
}

/** A field of a whole number that is not negative, a bool or an enum. */
export const number = (field: number, value: number): Buffer => Buffer.concat([varint(field * 8), varint(value)])

/** A field of a string, of bytes, or of a message made of other fields. */
export function bytes(field: number, value: string | Uint8Array | Buffer[]): Buffer {
  const body = Array.isArray(value) ? Buffer.concat(value) : Buffer.from(value)
  return Buffer.concat([varint(field * 8 + 2), varint(body.length), body])
}

/** -1 as an int32 or int64 field. */
export const minusOne = (field: number): Buffer =>
  Buffer.concat([varint(field * 8), Buffer.from([...new Array(9).fill(0xff), 0x01])])

/** All values of a message by field number, in the order in which they came. */
export function decode(message: Uint8Array): Map<number, Value[]> {
  const buffer = Buffer.from(message)
  const fields = new Map<number, Value[]>()
  let at = 0
  const readVarint = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = buffer.readUInt8(at++)
      value += (byte % 128) * factor
      if (byte < 128) return value
    }
  }
  while (at < buffer.length) {
    const tag = readVarint()
    const wireType = tag % 8
    let value: Value = readVarint()
    if (wireType === 2) {
      at += value
      value = buffer.subarray(at - value, at)
    } else if (wireType !== 0) throw new Error(`wire type ${wireType} is not expected here`)
    const field = Math.floor(tag / 8)
    fields.set(field, [...(fields.get(field) ?? []), value])
  }
  return fields
}

/** The only value of a field; a field that is not there counts as 0. */
export function numberAt(message: Uint8Array, field: number): number {
  const [value = 0] = decode(message).get(field) ?? []
  if (typeof value !== 'number') throw new Error(`field ${field} is no number`)
  return value
}

/** The bytes in a field, each time it occurs. */
export function bytesAt(message: Uint8Array, field: number): Buffer[] {
  return (decode(message).get(field) ?? []).map((value) => {
    if (typeof value === 'number') throw new Error(`field ${field} is a number`)
    return value
  })
}

/** The text in a field; a field that is not there counts as empty. */
export const textAt = (message: Uint8Array, field: number): string => bytesAt(message, field)[0]?.toString() ?? ''

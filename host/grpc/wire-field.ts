/** One length-delimited field of a protobuf message, for those who write a few bytes by hand. Knows no schema. */

/** Tag, length and contents. Field numbers up to 15. */
export function lengthDelimited(field: number, contents: Uint8Array): Uint8Array {
  const head = [(field << 3) | 2]
  let length = contents.length
  for (; length > 127; length >>>= 7) head.push((length & 127) | 128)
  head.push(length)
  return Buffer.concat([Buffer.from(head), contents])
}

/** Base64 as Go's encoding/base64 reads and writes it: four variants, line ends skipped, and the offset of what is wrong. */

/** k6's names of the alphabets with and without padding; RFC 4648, sections 4 and 5. */
export type Base64Variant = 'std' | 'rawstd' | 'url' | 'rawurl'

export function encodeBase64(bytes: Uint8Array, variant: Base64Variant): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  switch (variant) {
    case 'std':
      return buffer.toString('base64')
    case 'rawurl':
      return buffer.toString('base64url')
    case 'rawstd':
      return withoutPadding(buffer.toString('base64'))
    case 'url': {
      const text = buffer.toString('base64url')
      return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
    }
  }
}

const withoutPadding = (text: string): string => text.replace(/=+$/, '')

/**
 * @throws {Error} `illegal base64 data at input byte N`, in bytes of UTF-8, for what Go's decoder refuses
 */
export function decodeBase64(text: string, variant: Base64Variant): Buffer {
  const fault = faultOf(text, variant)
  if (fault !== undefined) {
    throw new Error(
      `illegal base64 data at input byte ${fault.isEnd ? fault.at : Buffer.byteLength(text.slice(0, fault.at))}`,
    )
  }
  // Node.js reads both alphabets and skips line ends, and what else it would forgive was refused above.
  return Buffer.from(text, 'base64')
}

const invalid = 0
const digit = 1
const lineEnd = 2
const padding = 3

function kindsOf(isUrl: boolean): Uint8Array {
  const kinds = new Uint8Array(128).fill(invalid)
  const digits = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${isUrl ? '-_' : '+/'}`
  for (const character of digits) kinds[character.charCodeAt(0)] = digit
  kinds[0x0a] = lineEnd
  kinds[0x0d] = lineEnd
  kinds[0x3d] = padding
  return kinds
}
const standardKinds = kindsOf(false)
const urlKinds = kindsOf(true)

/** Where the text is wrong, as an index of UTF-16 units, or with `isEnd` as an offset of text that is all ASCII. */
function faultOf(text: string, variant: Base64Variant): { at: number; isEnd?: true } | undefined {
  const kinds = variant === 'url' || variant === 'rawurl' ? urlKinds : standardKinds
  const isPadded = variant === 'std' || variant === 'url'
  const kindAt = (index: number) => kinds[text.charCodeAt(index)] ?? invalid
  const skipLineEnds = (index: number) => {
    let next = index
    while (next < text.length && kindAt(next) === lineEnd) next++
    return next
  }
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const kind = kindAt(at)
    if (kind === digit) count = (count + 1) & 3
    else if (kind === lineEnd) continue
    else if (kind !== padding || !isPadded || count < 2) return { at }
    else {
      let next = at + 1
      if (count === 2) {
        // Two digits want two signs of padding; Go complains of the first when the second is another character.
        next = skipLineEnds(next)
        if (next === text.length) return { at: next, isEnd: true }
        if (kindAt(next) !== padding) return { at: next - 1 }
        next++
      }
      next = skipLineEnds(next)
      return next < text.length ? { at: next } : undefined
    }
  }
  if (count === 1 || (isPadded && count > 0)) return { at: text.length - count, isEnd: true }
  return undefined
}

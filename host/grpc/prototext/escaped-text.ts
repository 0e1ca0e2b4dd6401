/**
 * Bytes in double quotes as Go's prototext writes them: text stays text, and what is no UTF-8 or would move a terminal's
 * cursor is escaped. Bounded, since one byte can take six.
 */
import { isUtf8 } from 'node:buffer'

const short = new Map([
  [0x09, '\\t'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x22, '\\"'],
  [0x5c, '\\\\'],
])

/** The inside of the quotes for as many whole characters as fit into `maxBytes` of UTF-8, and how many bytes those are. */
export function escapeBytes(bytes: Buffer, maxBytes: number): { text: string; read: number } {
  let text = ''
  let leftBytes = maxBytes
  let read = 0
  while (read < bytes.length) {
    const length = characterLength(bytes, read)
    const piece = escapeCharacter(bytes, read, length)
    const pieceBytes = length > 1 && !piece.startsWith('\\') ? length : piece.length
    if (pieceBytes > leftBytes) break
    leftBytes -= pieceBytes
    text += piece
    read += Math.max(length, 1)
  }
  return { text, read }
}

/** Bytes of the character that begins there; 0 for a byte that is no part of UTF-8. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] as number
  if (first < 0x80) return 1
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
  return at + length <= bytes.length && isUtf8(bytes.subarray(at, at + length)) ? length : 0
}

function escapeCharacter(bytes: Buffer, at: number, length: number): string {
  const first = bytes[at] as number
  if (length < 2) {
    const known = short.get(first)
    if (known !== undefined) return known
    if (length === 1 && first >= 0x20 && first < 0x7f) return String.fromCharCode(first)
    return `\\x${first.toString(16).padStart(2, '0')}`
  }
  const character = bytes.toString('utf8', at, at + length)
  const code = character.codePointAt(0) as number
  return code <= 0x9f ? `\\u${code.toString(16).padStart(4, '0')}` : character
}

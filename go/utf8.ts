/** UTF-8 as Go reads it: each byte that is no part of a character becomes U+FFFD, where the web takes several together. */
import { isUtf8 } from 'node:buffer'

export function decodeUtf8(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  let text = ''
  for (let at = 0; at < bytes.length; ) {
    const end = endOfCharacter(bytes, at)
    text += end === at ? '\ufffd' : bytes.toString('utf8', at, end)
    at = Math.max(end, at + 1)
  }
  return text
}

/** The end of the character that begins at `at`; `at` itself when none does. */
function endOfCharacter(bytes: Buffer, at: number): number {
  const first = bytes[at]!
  const length = first < 0x80 ? 1 : first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
  const end = at + length
  return end <= bytes.length && isUtf8(bytes.subarray(at, end)) ? end : at
}

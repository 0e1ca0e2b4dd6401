/**
 * Text in double quotes as Go's %q writes it: k6's messages and its log format use it. The result is one line and
 * holds printable characters only, whatever the text was.
 */

const short = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['"', '\\"'],
  ['\\', '\\\\'],
])
const special = /["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu

/** `text` in double quotes, everything that is not printable escaped. */
export function goQuote(text: string): string {
  return `"${text.replace(special, escapeCharacter)}"`
}

function escapeCharacter(character: string): string {
  const known = short.get(character)
  if (known !== undefined) return known
  const code = character.codePointAt(0) ?? 0
  // Half of a surrogate pair is what Go would have read as the replacement character, and that one is printable.
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, '0')}`
  return `\\U${code.toString(16).padStart(8, '0')}`
}

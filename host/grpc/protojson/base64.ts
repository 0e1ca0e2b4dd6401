/**
 * Base64 as Go's protojson accepts it: standard or URL alphabet, padded or not, never mixed.
 */

/** The bytes of a text, or undefined when it is no base64. */
export function parseBase64(text: string): Uint8Array | undefined {
  // The usual case, with one look at the text.
  if (text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text) && !/^={1,2}/.test(text))
    return Buffer.from(text, 'base64')
  const isUrl = /[-_]/.test(text)
  const isPadded = text.length % 4 === 0
  // Go passes over line breaks, but decides on padding before.
  const plain = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text
  const body = isPadded && plain.endsWith('=') ? plain.slice(0, plain.endsWith('==') ? -2 : -1) : plain
  if (!(isUrl ? /^[A-Za-z0-9_-]*$/ : /^[A-Za-z0-9+/]*$/).test(body)) return undefined
  if (isPadded ? plain.length % 4 !== 0 : body.length % 4 === 1) return undefined
  if (isPadded && plain.length - body.length > 0 && body.length % 4 < 2) return undefined
  return Buffer.from(body, 'base64')
}

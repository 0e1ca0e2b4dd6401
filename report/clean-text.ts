/**
 * The one place that makes text of a script or a server safe to show: nothing in it can move a cursor, change a
 * colour, write to the clipboard or turn the reading direction. Knows nothing of where the text goes.
 */

// C0 without tab, DEL and C1 (U+009B starts a control sequence by itself), line separators, and bidi controls.
const unsafe = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g
const unsafeInJson = /[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/**
 * `text` with every control character written as `\u00xx`. Tabs stay.
 *
 * @param keepsNewlines for text that may take several lines on a terminal
 */
export function cleanText(text: string, keepsNewlines = false): string {
  return text.replace(unsafe, (character) => (keepsNewlines && character === '\n' ? character : escaped(character)))
}

/** `text` as a JSON string that is as safe to show; reading it as JSON gives `text` back. */
export function jsonText(text: string): string {
  return JSON.stringify(text).replace(unsafeInJson, escaped)
}

/** `text` without halves of surrogate pairs, which UTF-8 cannot have: receivers refuse a whole message because of one. */
export function wellFormedText(text: string): string {
  return Buffer.from(text).toString()
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

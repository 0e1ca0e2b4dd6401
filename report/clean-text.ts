/**
 * The one place that makes text of a script or a server safe to show: nothing in it can move a cursor, change a
 * colour, write to the clipboard or turn the reading direction. Knows nothing of where the text goes.
 */

// C0 without tab, DEL and C1 (U+009B starts a control sequence by itself), line separators, and bidi controls.
const unsafe = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/**
 * `text` with every control character written as `\u00xx`. Tabs stay.
 *
 * @param keepsNewlines for text that may take several lines on a terminal
 */
export function cleanText(text: string, keepsNewlines = false): string {
  return text.replace(unsafe, (character) => (keepsNewlines && character === '\n' ? character : escaped(character)))
}

/** `value` as JSON that is as safe to show; reading it gives `value` back. `indent` as in JSON.stringify. */
export function jsonText(value: unknown, indent?: number): string {
  return cleanText(JSON.stringify(value, null, indent), true)
}

/** `text` for a terminal, when it may take several lines and have colours (SGR, ECMA-48 8.3.117): all else is cleaned. */
export function terminalText(text: string): string {
  // With a capturing group, split gives the colours too: every second part.
  return text
    .split(/(\u001b\[[\d;]*m)/)
    .map((part, index) => (index % 2 === 1 ? part : cleanText(part, true)))
    .join('')
}

/** `text` without halves of surrogate pairs, which UTF-8 cannot have: receivers refuse a whole message because of one. */
export function wellFormedText(text: string): string {
  return Buffer.from(text).toString()
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

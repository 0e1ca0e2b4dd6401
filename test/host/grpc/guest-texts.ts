/** Reads what the host hands to the guest half, for tests that have no VM. */
import { type Crossing, Utf8Text } from '../../../runtime/js-value.js'

function textOf(value: Crossing): string {
  if (!(value instanceof Utf8Text)) return String(value)
  const bytes = Buffer.alloc(value.byteLength)
  value.writeTo(bytes, 0)
  return bytes.toString('utf8')
}

/** The JSON of a message, with its long strings in their places. */
export function messageJson(value: Crossing): string {
  const text = textOf(value)
  if (text[0] !== '\t') return text
  const [places = '', json = ''] = text.slice(1).split('\n', 2)
  const message = JSON.parse(json)
  let at = places.length + json.length + 3
  for (const [length, ...path] of JSON.parse(places) as [number, ...(string | number)[]][]) {
    const last = path.pop()!
    path.reduce((inner, key) => inner[key], message)[last] = text.slice(at, at + length)
    at += length
  }
  return JSON.stringify(message)
}

/** The JSON of a response, with k6's keys in k6's order and errorDetails after them. What is no response stays as it is. */
export function responseJson(value: Crossing): string {
  const text = textOf(value)
  if (text[0] === '\r') return text.slice(1)
  if (text[0] !== '\n') return text
  const [, number = '', headers = '', trailers = ''] = text.split('\n', 4)
  const message = messageJson(text.slice(number.length + headers.length + trailers.length + 4))
  return `{"message":${message},"error":null,"headers":${headers},"trailers":${trailers},"status":0}`
}

/**
 * Reads messages as host/grpc/message-text.ts writes them: JSON, or JSON with long strings apart from it, which need not be
 * parsed but only put into their places.
 */
import { parseJson, stringIndexOf, stringSlice } from './primordials.js'

/** The message in `text` from `at` on. */
export function readMessage(text: string, at: number): unknown {
  if (text[at] === '\t') return readApart(text, at + 1)
  return parseJson(at === 0 ? text : stringSlice(text, at))
}

/** The length of a string, and the keys and indices that lead to its place: one at least. */
type Place = [length: number, ...path: (string | number)[]]

function readApart(text: string, placesAt: number): unknown {
  const placesEnd = stringIndexOf(text, '\n', placesAt)
  const jsonEnd = stringIndexOf(text, '\n', placesEnd + 1)
  const places = parseJson(stringSlice(text, placesAt, placesEnd)) as Place[]
  const message = parseJson(stringSlice(text, placesEnd + 1, jsonEnd))
  let at = jsonEnd + 1
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!
    const end = at + place[0]
    const last = place.length - 1
    // What JSON has made has its members as own properties, so that no setter of the script is in the way.
    let holder = message as Record<string | number, unknown>
    for (let j = 1; j < last; j++) holder = holder[place[j]!] as typeof holder
    holder[place[last]!] = stringSlice(text, at, end)
    at = end
  }
  return message
}

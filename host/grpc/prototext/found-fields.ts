/**
 * Where each field of a message stands in its bytes, without reading the values: what is printed comes in the order of the
 * declaration, what is received in any. Knows the rules of the wire (last one wins, oneofs, packed lists), no text.
 */
import { tagOf, wireTypeOf } from '../protojson/field-kinds.js'
import type { WireReader } from '../protojson/wire-reader.js'
import type { FieldDescriptor, MessageDescriptor } from '../schema/descriptors.js'

/** Values one after the other, three numbers each: where the tag begins, where the value begins and ends. */
export type Places = number[]
export const placeWidth = 3

export interface FoundFields {
  /** By the index of the field. Parts of a singular message are to be merged; of other singular fields there is the last. */
  readonly known: readonly (Places | undefined)[]
  readonly unknown: Places
  /** There is more than was asked for. */
  isCut: boolean
}

/**
 * The fields of the message in the given pairs of start and end.
 *
 * @param maxValues of a list or of what is unknown; further ones are passed over
 * @throws {MalformedWire}
 */
export function findFields(
  reader: WireReader,
  { fields }: MessageDescriptor,
  ranges: readonly number[],
  maxValues: number,
): FoundFields {
  const byNumber = numbered(fields)
  const known: (Places | undefined)[] = new Array(fields.length).fill(undefined)
  const unknown: Places = []
  const found = { known, unknown, isCut: false }
  for (let i = 0; i < ranges.length; i += 2) {
    const end = ranges[i + 1] as number
    reader.position = ranges[i] as number
    while (reader.position < end) {
      const from = reader.position
      const tag = reader.tag(end)
      const [start, valueEnd] = passValue(reader, tag, end)
      const after = reader.position
      const field = byNumber.get(tag >>> 3)
      if (field !== undefined && isPacked(field, tag)) {
        for (const place of elements(reader, field, from, start, valueEnd)) {
          addKnown(found, field, place, maxValues)
          if (found.isCut && isFull(known[field.index], maxValues)) break
        }
      } else if (field !== undefined && tag === tagOf(field)) addKnown(found, field, [from, start, valueEnd], maxValues)
      else add(found, unknown, [from, start, valueEnd], maxValues)
      reader.position = after
    }
  }
  return found
}

const numberings = new WeakMap<readonly FieldDescriptor[], ReadonlyMap<number, FieldDescriptor>>()

function numbered(fields: readonly FieldDescriptor[]): ReadonlyMap<number, FieldDescriptor> {
  let found = numberings.get(fields)
  if (found === undefined) {
    found = new Map(fields.map((field) => [field.number, field]))
    numberings.set(fields, found)
  }
  return found
}

/** Passes the value of a tag, and gives the place of its contents. */
function passValue(reader: WireReader, tag: number, end: number): [start: number, end: number] {
  const before = reader.position
  if ((tag & 7) === 3) return [before, reader.endOfGroup(tag >>> 3, end)]
  if ((tag & 7) !== 2) {
    reader.skip(tag, end)
    return [before, reader.position]
  }
  const length = reader.length(end)
  const start = reader.position
  reader.position = start + length
  return [start, reader.position]
}

function isPacked(field: FieldDescriptor, tag: number): boolean {
  return field.isRepeated && (tag & 7) === 2 && wireTypeOf(field) !== 2 && wireTypeOf(field) !== 3
}

type Place = readonly [from: number, start: number, end: number]

function addKnown(
  found: FoundFields & { known: (Places | undefined)[] },
  field: FieldDescriptor,
  place: Place,
  maxValues: number,
): void {
  const { known } = found
  for (const index of field.oneof?.members ?? []) if (index !== field.index) known[index] = undefined
  const places = known[field.index]
  if (places === undefined) known[field.index] = [...place]
  else if (field.isRepeated) add(found, places, place, maxValues)
  else if (field.message !== undefined) places.push(...place)
  else known[field.index] = [...place]
}

function add(found: FoundFields, places: Places, place: Place, maxValues: number): void {
  if (isFull(places, maxValues)) found.isCut = true
  else places.push(...place)
}

function isFull(places: Places | undefined, maxValues: number): boolean {
  return places !== undefined && places.length >= maxValues * placeWidth
}

/** Each value of a packed list by itself; the first one has the tag. */
function* elements(
  reader: WireReader,
  field: FieldDescriptor,
  from: number,
  start: number,
  end: number,
): Generator<Place> {
  let before = from
  for (let at = start; at < end; at = before) {
    reader.position = at
    reader.skip(tagOf(field), end)
    before = reader.position
    yield [at === start ? from : at, at, before]
  }
}

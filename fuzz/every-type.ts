/** Inputs that begin with a byte for one of the types of test/protos/every, which has every feature of protobuf. */
import fc, { type Arbitrary } from 'fast-check'
import type { MessageType } from '../host/grpc/schema/schema.js'
import { arbitraryMessage } from '../test/host/grpc/protojson/arbitrary-message.js'
import { everyType, everyTypes } from '../test/host/grpc/protojson/every.js'

export function typeAndRest(bytes: Uint8Array): { type: MessageType; rest: Uint8Array } {
  const name = everyTypes[(bytes[0] ?? 0) % everyTypes.length]!
  return { type: everyType(name).ours, rest: bytes.subarray(1) }
}

export const forType = (index: number, rest: Uint8Array): Uint8Array => Buffer.concat([Buffer.of(index), rest])

/** JSON of messages, each with the index of its type. */
export const typedJson: Arbitrary<{ index: number; json: string }> = fc
  .nat(everyTypes.length - 1)
  .chain((index) =>
    arbitraryMessage(everyType(everyTypes[index]!).theirs, 2).map((json) => ({ index, json: JSON.stringify(json) })),
  )

/** Their bytes. */
export const typedWire: Arbitrary<{ index: number; wire: Uint8Array }> = typedJson.map(({ index, json }) => ({
  index,
  wire: everyType(everyTypes[index]!).ours.encode(json),
}))

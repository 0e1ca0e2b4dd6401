/** What a check answers calls with: an example of the response type of the method that is called. */
import { builtInMethod } from './built-in-methods.js'
import { exampleJson } from './example-message.js'
import type { MessageType, Schema } from './schema/schema.js'
import type { AnswerOf } from './transports/rehearsal-transport.js'

const examples = new WeakMap<MessageType, Uint8Array>()

/** The bytes of an example; empty for a type that has none, such as one whose required fields never end. */
export function exampleOf(type: MessageType): Uint8Array {
  let bytes = examples.get(type)
  if (bytes === undefined) {
    bytes = encodedExample(type)
    examples.set(type, bytes)
  }
  return bytes
}

function encodedExample(type: MessageType): Uint8Array {
  const json = exampleJson(type.descriptor)
  if (json === undefined) return new Uint8Array()
  try {
    return type.encode(json)
  } catch {
    return new Uint8Array()
  }
}

/** The answers to calls of a client with this schema. */
export function answersFrom(schema: Schema): AnswerOf {
  return (path) => exampleOf((schema.method(path) ?? builtInMethod(path)).output)
}

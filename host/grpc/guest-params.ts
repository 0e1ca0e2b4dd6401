/**
 * Reads call parameters as the guest half writes them (modules/internal/grpc-request.ts): JSON in which arrays tell the
 * kind of what JSON has no form for. Objects come back without a prototype: their keys are the script's.
 */
import { GuestError } from '../../runtime/guest-error.js'
import { jsonOf } from '../../runtime/host-module.js'
import type { Crossing } from '../../runtime/js-value.js'

const maxParamsLength = 4 * 1024 * 1024
const maxDepth = 70

const malformed = () => new GuestError('TypeError', 'malformed call parameters')

/** What a script gave as parameters. @throws {GuestError} when the text is too long, or none of our guest half's */
export function readGuestParams(json: Crossing): unknown {
  if (json === undefined) return undefined
  if (typeof json !== 'string') throw malformed()
  if (json.length > maxParamsLength) {
    const text = `call parameters of ${json.length} characters, more than the limit of ${maxParamsLength}`
    throw new GuestError('GoError', text)
  }
  return decode(jsonOf(json, 'call parameters'), 0)
}

function decode(value: unknown, depth: number): unknown {
  if (!Array.isArray(value)) {
    if (typeof value === 'object' && value !== null) throw malformed()
    return value
  }
  if (depth > maxDepth) throw malformed()
  const [kind, content] = value as [unknown, unknown]
  switch (kind) {
    case 'u':
      return undefined
    case 'n':
      return Number(content)
    case 'f':
    case 'x':
      // Not data: something of no type that any parameter has.
      return Symbol(String(content))
    case 'b':
      return Uint8Array.from(list(content) as number[])
    case 'a':
      return list(content).map((item) => decode(item, depth + 1))
    case 'o': {
      const object: Record<string, unknown> = Object.create(null)
      for (const pair of list(content)) {
        const [key, item] = list(pair)
        if (typeof key !== 'string') throw malformed()
        object[key] = decode(item, depth + 1)
      }
      return object
    }
  }
  throw malformed()
}

function list(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw malformed()
  return value
}

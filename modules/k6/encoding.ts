/** Guest half of `k6/encoding`: base64. */
import { ops } from '../internal/bridge.js'
import { type Bytes, bytesFrom } from '../internal/go-bytes.js'
import { parseJson, toText } from '../internal/primordials.js'

const host = ops<{
  encode(input: Bytes, variant: string): string
  decode(input: string, variant: string): ArrayBuffer
  decodeText(input: string, variant: string): string
}>('encoding', ['encode', 'decode', 'decodeText'])

/** A name that is none of the four means `std`, as in k6. */
const variantOf = (variant: unknown): string => (variant === undefined || variant === null ? '' : toText(variant))

/** Base64 of a string (its UTF-8), an ArrayBuffer or a Uint8Array. @throws {GoError} for anything else */
export function b64encode(input?: unknown, variant?: unknown): string {
  return host.encode(bytesFrom(input), variantOf(variant))
}

/** What base64 text stands for: a string with the format `s`, else an ArrayBuffer. @throws {GoError} telling where it is wrong */
export function b64decode(input: unknown, variant: unknown, format: 's'): string
export function b64decode(input?: unknown, variant?: unknown): ArrayBuffer
export function b64decode(input?: unknown, variant?: unknown, format?: unknown): string | ArrayBuffer {
  const text = input === undefined ? '' : toText(input)
  const name = variantOf(variant)
  return format === 's' ? (parseJson(host.decodeText(text, name)) as string) : host.decode(text, name)
}

export default { b64decode, b64encode }

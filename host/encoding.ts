/** Trusted half of `k6/encoding`. One crossing for a call: measured, that is faster than base64 inside the VM from a few bytes on. */
import { type Base64Variant, decodeBase64, encodeBase64 } from '../go/base64.js'
import { decodeUtf8 } from '../go/utf8.js'
import { GuestError } from '../runtime/guest-error.js'
import { defineHostModule, text } from '../runtime/host-module.js'
import type { Crossing } from '../runtime/js-value.js'
import { bytesOf } from './guest-bytes.js'
import type { VuContext } from './vu-context.js'

const variants: ReadonlySet<Crossing> = new Set(['std', 'rawstd', 'url', 'rawurl'])

/** k6 takes `std` for any name that it does not know. */
const variantOf = (name: Crossing): Base64Variant => (variants.has(name) ? (name as Base64Variant) : 'std')

function decode(input: Crossing, variant: Crossing): Buffer {
  try {
    return decodeBase64(text(input, 'input'), variantOf(variant))
  } catch (e) {
    throw e instanceof GuestError ? e : new GuestError('GoError', (e as Error).message)
  }
}

export const encoding = defineHostModule<VuContext>('encoding', {
  encode: (_vu, input, variant) => encodeBase64(bytesOf(input), variantOf(variant)),
  decode: (_vu, input, variant) => decode(input, variant),
  /** JSON text of a string: it may hold NUL. */
  decodeText: (_vu, input, variant) => JSON.stringify(decodeUtf8(decode(input, variant))),
})

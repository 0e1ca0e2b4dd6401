/** Trusted half of `open()`, and of text encoding, which QuickJS lacks. */
import { TextDecoder } from 'node:util'
import { GuestError } from '../runtime/guest-error.js'
import { defineHostModule, text } from '../runtime/host-module.js'
import type { Crossing } from '../runtime/js-value.js'
import type { VuContext } from './vu-context.js'

function read(vu: VuContext, ...[path, base, writtenIn]: Crossing[]): Uint8Array {
  const { shownPath, bytes } = vu.services.readFile(
    text(path, 'path'),
    text(base, 'base'),
    text(writtenIn, 'writtenIn'),
  )
  if (bytes === undefined) throw new GuestError('GoError', `stat ${shownPath}: no such file or directory`)
  return bytes
}

export const files = defineHostModule<VuContext>('files', {
  /** The file as JSON text of a string: it may hold NUL. */
  text: (vu, ...names) => JSON.stringify(Buffer.from(read(vu, ...names)).toString('utf8')),
  bytes: (vu, ...names) => read(vu, ...names),
})

export const utf8 = defineHostModule<VuContext>('utf8', {
  encode: (_vu, value) => Buffer.from(text(value, 'text')),
  /** JSON text of a string. */
  decode(_vu, bytes, isFatal) {
    if (!(bytes instanceof Uint8Array)) throw new GuestError('TypeError', 'bytes are needed')
    try {
      return JSON.stringify(new TextDecoder('utf-8', { fatal: isFatal === true }).decode(bytes))
    } catch {
      throw new GuestError('TypeError', 'The encoded data was not valid for encoding utf-8')
    }
  },
})

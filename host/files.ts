/** Trusted half of `open()`, and of text encoding, which QuickJS lacks. */
import { TextDecoder } from 'node:util'
import { GuestError } from '../runtime/guest-error.js'
import { defineHostModule, text } from '../runtime/host-module.js'
import type { VuContext } from './vu-context.js'

function read(vu: VuContext, path: string, base: string): Uint8Array {
  const { absolutePath, bytes } = vu.services.readFile(path, base)
  if (bytes === undefined) throw new GuestError('GoError', `stat ${absolutePath}: no such file or directory`)
  return bytes
}

export const files = defineHostModule<VuContext>('files', {
  /** The file as JSON text of a string: it may hold NUL. */
  text: (vu, path, base) =>
    JSON.stringify(Buffer.from(read(vu, text(path, 'path'), text(base, 'base'))).toString('utf8')),
  bytes: (vu, path, base) => read(vu, text(path, 'path'), text(base, 'base')),
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

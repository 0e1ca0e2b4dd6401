/** Trusted half of `k6/experimental/fs`. Reads nothing itself: which file a VU may have is the file store's business. */
import { isAppError } from '../errors.js'
import { defineHostModule, number, text } from '../runtime/host-module.js'
import type { VuContext } from './vu-context.js'

/** JSON of the file, or of [name, message] of an error that has a name of its own in k6's module. */
function open(vu: VuContext, path: string, base: string, writtenIn: string): string {
  try {
    const { absolutePath, shownPath, bytes } = vu.services.readFile(path, base, writtenIn)
    if (bytes === undefined) return JSON.stringify(['NotFoundError', `no such file or directory: "${shownPath}"`])
    return JSON.stringify({ number: vu.files.add(absolutePath, bytes), path: shownPath, size: bytes.byteLength })
  } catch (e) {
    if (!isAppError(e, 'FILE_DENIED')) throw e
    return JSON.stringify([e.details?.isDirectory === true ? 'InvalidResourceError' : 'ForbiddenError', e.message])
  }
}

export const fs = defineHostModule<VuContext>('fs', {
  open: (vu, path, base, writtenIn) => open(vu, text(path, 'path'), text(base, 'base'), text(writtenIn, 'writtenIn')),

  read(vu, file, from, most) {
    const { bytes } = vu.files.get(number(file, 'file'))
    const start = Math.max(0, number(from, 'position'))
    return bytes.subarray(start, start + Math.max(0, number(most, 'length')))
  },
})

/** Trusted half of `require`: what a specifier means, as JSON of [name, format]. */
import { isAppError } from '../errors.js'
import { GuestError } from '../runtime/guest-error.js'
import { defineHostModule, text } from '../runtime/host-module.js'
import type { VuContext } from './vu-context.js'

export const commonJs = defineHostModule<VuContext>('commonjs', {
  /** What `import.meta.resolve` gives. */
  url(vu, base, specifier) {
    try {
      return vu.services.resolveUrl(text(base, 'base'), text(specifier, 'specifier'))
    } catch (e) {
      throw isAppError(e) ? new GuestError('GoError', e.message) : e
    }
  },

  resolve(vu, base, specifier) {
    try {
      const { name, format } = vu.services.resolveModule(text(base, 'base'), text(specifier, 'specifier'))
      return JSON.stringify([name, format])
    } catch (e) {
      throw isAppError(e) ? new GuestError('GoError', e.message) : e
    }
  },
})

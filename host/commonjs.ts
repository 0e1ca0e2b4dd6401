/** Trusted half of `require`: what a specifier means, as JSON of [name, format]. */
import { defineHostModule, text } from '../runtime/host-module.js'
import type { VuContext } from './vu-context.js'

export const commonJs = defineHostModule<VuContext>('commonjs', {
  /** What `import.meta.resolve` gives. */
  url(vu, base, specifier) {
    return vu.services.resolveUrl(text(base, 'base'), text(specifier, 'specifier'))
  },

  resolve(vu, base, specifier) {
    const { name, format } = vu.services.resolveModule(text(base, 'base'), text(specifier, 'specifier'))
    return JSON.stringify([name, format])
  },
})

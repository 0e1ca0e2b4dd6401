/** Trusted half of `require`: what a specifier means, as JSON of [name, format]. */
import { defineHostModule, text } from '../runtime/host-module.js'
import type { FoundModule, VuContext } from './vu-context.js'

const asJson = ({ name, format }: FoundModule) => JSON.stringify([name, format])

export const commonJs = defineHostModule<VuContext>('commonjs', {
  /** What `import.meta.resolve` gives. */
  url(vu, base, specifier) {
    return vu.services.resolveUrl(text(base, 'base'), text(specifier, 'specifier'))
  },

  resolve(vu, base, specifier) {
    const found = vu.services.resolveModule(text(base, 'base'), text(specifier, 'specifier'))
    return found instanceof Promise ? found.then(asJson) : asJson(found)
  },

  /** The text of a JSON file of the script. */
  json: (vu, url) => vu.services.jsonText(text(url, 'url')),

  /** All modules are linked. */
  linked(vu) {
    vu.onLinked()
  },
})

/**
 * Guest code that most scripts do without. Each VM has its own copy of all code in it, and there may be thousands: so such a
 * module is compiled when something of it is first needed. What it does while it is evaluated must hold after a script has
 * replaced what it can, as all code of ours.
 */
import { importModule } from './bridge.js'

/** A function that gives the module at `path` in this folder: `part<typeof import('./x.js')>('x')`. */
export function part<T>(path: string): () => T {
  let found: T | undefined
  return () => {
    found ??= importModule(`belljar:internal/${path}.js`) as T
    return found
  }
}

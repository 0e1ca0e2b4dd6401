/** Lists of names with `*` in them, as policies have them. */
import type { Allowed } from './policy.js'

export class Patterns {
  readonly #all: boolean
  readonly #names = new Set<string>()
  readonly #parts: (readonly string[])[] = []

  constructor(allowed: Allowed) {
    this.#all = allowed === 'all'
    if (allowed === 'all') return
    for (const pattern of allowed) {
      if (pattern.includes('*')) this.#parts.push(pattern.split('*'))
      else this.#names.add(pattern)
    }
  }

  /** True when there is a pattern for the whole of `name`. */
  match(name: string): boolean {
    return this.#all || this.#names.has(name) || this.#parts.some((parts) => matches(name, parts))
  }
}

/** Without a regular expression, whose time a pattern and a name could choose. */
function matches(name: string, parts: readonly string[]): boolean {
  const first = parts[0]!
  const last = parts[parts.length - 1]!
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false
  let at = first.length
  const end = name.length - last.length
  for (const part of parts.slice(1, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}

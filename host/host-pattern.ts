/**
 * Patterns of host names as k6's options `hosts` and `blockHostnames` write them: a name, or `*` and what it must end with.
 * Pure: the values beside the patterns are the caller's.
 */

/** A map from patterns to values. A whole name beats a wildcard, a longer wildcard beats a shorter one. */
export class HostPatternMap<T> {
  readonly #names = new Map<string, { pattern: string; value: T }>()
  readonly #endings: { ending: string; pattern: string; value: T }[] = []

  constructor(entries: Iterable<readonly [string, T]>) {
    for (const [pattern, value] of entries) {
      const key = pattern.toLowerCase()
      if (key.startsWith('*')) this.#endings.push({ ending: key.slice(1), pattern: key, value })
      else this.#names.set(key, { pattern: key, value })
    }
    this.#endings.sort((a, b) => b.ending.length - a.ending.length)
  }

  /** The pattern that fits `name` best, with its value. */
  find(name: string): { pattern: string; value: T } | undefined {
    const key = name.toLowerCase()
    return this.#names.get(key) ?? this.#endings.find(({ ending }) => key.endsWith(ending))
  }
}

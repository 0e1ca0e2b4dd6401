/** The names of checks and the paths of groups that a run has, of each so many. */
import type { TagSet } from './tag-set.js'

const separator = '::'

export class NameSet {
  readonly #most: number
  readonly #checks = new Set<string>()
  readonly #groups = new Set<string>([''])

  constructor(most: number) {
    this.#most = most
  }

  /** True when the check and the groups among these tags are known, or there is room for them: they are known from now on. */
  admits(tags: TagSet): boolean {
    const check = tags.get('check')
    const isNewCheck = check !== undefined && !this.#checks.has(check)
    if (isNewCheck && this.#checks.size >= this.#most) return false
    const groups = this.#newGroups(tags.get('group') ?? '')
    // The root has no name and is none of them.
    if (this.#groups.size - 1 + groups.length > this.#most) return false
    if (isNewCheck) this.#checks.add(check)
    for (const path of groups) this.#groups.add(path)
    return true
  }

  /** The groups of a path that are not known: itself and those around it. */
  #newGroups(path: string): string[] {
    const found: string[] = []
    for (let end = path.length; !this.#groups.has(path.slice(0, end)); end = path.lastIndexOf(separator, end - 1)) {
      found.push(path.slice(0, end))
      if (end <= 0) break
    }
    return found
  }
}

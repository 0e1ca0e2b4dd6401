/**
 * The tags of a sample: an immutable, sorted list of names and values. Also used for metadata, which has the same
 * form. Knows nothing of which tags exist.
 */

/** One tag: name and value. */
export type Tag = readonly [name: string, value: string]

/** Tags sorted by name. Making a changed copy is cheap enough to do once per call and not once per sample. */
export class TagSet {
  static readonly empty = new TagSet([])

  /** Sorted by name (by UTF-16 code units), each name once. */
  readonly entries: readonly Tag[]
  #key: string | undefined

  private constructor(entries: readonly Tag[]) {
    this.entries = entries
  }

  /** Tags from names and values in any order; the last value of a name counts. */
  static from(tags: Iterable<Tag>): TagSet {
    const unique = new Map<string, string>()
    for (const [name, value] of tags) unique.set(name, value)
    if (unique.size === 0) return TagSet.empty
    return new TagSet([...unique].sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  /** A copy in which `name` has that value. */
  with(name: string, value: string): TagSet {
    return TagSet.from([...this.entries, [name, value]])
  }

  /** A copy with all of `tags` put over these. */
  withAll(tags: Iterable<Tag>): TagSet {
    return TagSet.from([...this.entries, ...tags])
  }

  /** A copy without that tag. */
  without(name: string): TagSet {
    return TagSet.from(this.entries.filter(([other]) => other !== name))
  }

  get(name: string): string | undefined {
    return this.entries.find(([other]) => other === name)?.[1]
  }

  get isEmpty(): boolean {
    return this.entries.length === 0
  }

  /** True if every tag of `other` is here with the same value. */
  includes(other: TagSet): boolean {
    return other.entries.every(([name, value]) => this.get(name) === value)
  }

  /** Text that is the same for equal sets only; lengths are part of it, so no value can imitate another set. */
  get key(): string {
    this.#key ??= this.entries.map(([name, value]) => `${name.length}:${name}${value.length}:${value}`).join('')
    return this.#key
  }
}

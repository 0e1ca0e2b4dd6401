/** The tables of HPACK (RFC 7541): the static one, and a dynamic one that each direction of a connection has. */

/** What an entry counts beside its name and value, in bytes (section 4.1). */
export const entryOverheadBytes = 32
/** Bytes of a dynamic table until somebody changes them (RFC 9113, section 6.5.2). */
export const defaultTableBytes = 4096

const staticFields: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
]

/** Entries of the static table; its indexes begin with 1 (appendix A). */
export const staticEntries = staticFields.length
/** By index; there is nothing at 0. */
export const staticNames: readonly string[] = ['', ...staticFields.map(([name]) => name)]
export const staticValues: readonly string[] = ['', ...staticFields.map(([, value]) => value)]

/** The entries with each name as the first of them and their number: those of one name stand together. */
const staticByName = new Map<string, { first: number; count: number }>()
for (const [i, [name]] of staticFields.entries()) {
  const known = staticByName.get(name)
  if (known === undefined) staticByName.set(name, { first: i + 1, count: 1 })
  else known.count++
}

/** The index of a field in the static table, negative when only its name is there, and 0 when that is not. */
export function findStatic(name: string, value: string): number {
  const found = staticByName.get(name)
  if (found === undefined) return 0
  for (let i = found.first; i < found.first + found.count; i++) if (staticValues[i] === value) return i
  return -found.first
}

/** A dynamic table: the newest entry has the first index, and the oldest makes room. */
export class DynamicTable {
  /** A ring, which grows with what is in it. Its size is a power of two. */
  #names: string[]
  #values: string[]
  /** Where the newest entry is. */
  #head = 0
  #count = 0
  #bytes = 0
  #maxBytes: number

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
    this.#names = new Array(8).fill('')
    this.#values = new Array(8).fill('')
  }

  get count(): number {
    return this.#count
  }

  /** What the entries count, overhead included. */
  get bytes(): number {
    return this.#bytes
  }

  get maxBytes(): number {
    return this.#maxBytes
  }

  /** Name of an entry, from 0 for the newest up to `count`. */
  nameAt(i: number): string {
    return this.#names[(this.#head - i) & (this.#names.length - 1)]!
  }

  valueAt(i: number): string {
    return this.#values[(this.#head - i) & (this.#values.length - 1)]!
  }

  /** The place of a field, `count` or more when it is not there. */
  find(name: string, value: string): number {
    let i = 0
    while (i < this.#count && !(this.valueAt(i) === value && this.nameAt(i) === name)) i++
    return i
  }

  findName(name: string): number {
    let i = 0
    while (i < this.#count && this.nameAt(i) !== name) i++
    return i
  }

  setMaxBytes(bytes: number): void {
    this.#maxBytes = bytes
    this.#evictTo(bytes)
  }

  /** Adds an entry; one that is larger than the whole table empties it instead (section 4.4). */
  add(name: string, value: string): void {
    const bytes = name.length + value.length + entryOverheadBytes
    this.#evictTo(this.#maxBytes - bytes)
    if (bytes > this.#maxBytes) return
    if (this.#count === this.#names.length) this.#grow()
    this.#head = (this.#head + 1) & (this.#names.length - 1)
    this.#names[this.#head] = name
    this.#values[this.#head] = value
    this.#count++
    this.#bytes += bytes
  }

  #evictTo(bytes: number): void {
    while (this.#count > 0 && this.#bytes > bytes) {
      const last = (this.#head - --this.#count) & (this.#names.length - 1)
      this.#bytes -= this.#names[last]!.length + this.#values[last]!.length + entryOverheadBytes
      this.#names[last] = ''
      this.#values[last] = ''
    }
  }

  #grow(): void {
    const size = this.#names.length * 2
    const names: string[] = new Array(size).fill('')
    const values: string[] = new Array(size).fill('')
    for (let i = 0; i < this.#count; i++) {
      names[this.#count - 1 - i] = this.nameAt(i)
      values[this.#count - 1 - i] = this.valueAt(i)
    }
    this.#names = names
    this.#values = values
    this.#head = this.#count - 1
  }
}

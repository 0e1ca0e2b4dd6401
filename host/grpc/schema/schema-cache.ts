/**
 * Loads schemas for all the clients of a thread, and keeps what it linked: a thousand VUs that load the same files share one
 * set of descriptors. It must not know clients; a hit needs the same bytes at the same paths, which are read again each time.
 */

import { createHash } from 'node:crypto'
import path from 'node:path'
import { malformedWire } from '../protojson/wire-reader.js'
import { readDescriptorSet, readFileDescriptor } from './descriptor-set.js'
import type { LinkedFile, MessageDescriptor } from './descriptors.js'
import type { RawFile } from './file-descriptor.js'
import { linkFiles } from './linker.js'
import { parseProto } from './proto-text.js'
import { SchemaError } from './schema-error.js'
import { defaultSchemaLimits, type SchemaLimits } from './schema-limits.js'
import { wellKnownFile } from './well-known-files.js'

/** Reads a file that load() names, or undefined when there is none. Absolute path in. Other failures throw. */
export type ReadFile = (absolutePath: string) => Uint8Array | undefined

/** A linked set: the files that were named first, then what they import. */
export interface LinkedSet {
  readonly files: readonly LinkedFile[]
}

interface CachedLoad {
  /** Every path that was looked at, with what stood there. */
  sources: ReadonlyMap<string, Uint8Array | undefined>
  set: LinkedSet
}

/** Different loads and sets of descriptors that are kept, of each, and the bytes that they were read from. */
const maxEntries = 200
const maxEntryBytes = 32 * 1024 * 1024

/** The oldest go first when there are too many or they are too large; those that clients have stay with them. */
class RecentEntries<T> {
  readonly #entries = new Map<string, { value: T; bytes: number }>()
  #bytes = 0

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value
  }

  /** Adds an entry as the newest. */
  keep(key: string, value: T, bytes: number): void {
    this.#drop(key)
    this.#entries.set(key, { value, bytes })
    this.#bytes += bytes
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= maxEntries && this.#bytes <= maxEntryBytes) break
      this.#drop(oldest)
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.bytes ?? 0
    this.#entries.delete(key)
  }
}

export class SchemaCache {
  private readonly limits: SchemaLimits
  private readonly loads = new RecentEntries<CachedLoad>()
  /** Linked protosets, and what servers described, by a digest of their bytes. */
  private readonly described = new RecentEntries<LinkedSet>()

  constructor(limits: Partial<SchemaLimits> = {}) {
    this.limits = { ...defaultSchemaLimits, ...limits }
  }

  /**
   * Parses and links .proto files. Each is looked for in the import paths in order, relative ones seen from `directory`.
   *
   * @param shownPath what an error may tell of an absolute path
   * @throws {SchemaError} with k6's text
   */
  load(
    importPaths: readonly string[],
    files: readonly string[],
    directory: string,
    read: ReadFile,
    shownPath = (absolutePath: string) => absolutePath,
  ): LinkedSet {
    const roots = (importPaths.length === 0 ? [directory] : importPaths).map((p) => p.replace(/^file:\/\//, ''))
    const key = JSON.stringify([directory, roots, files])
    const cached = this.loads.get(key)
    if (cached !== undefined && isUnchanged(cached, read)) return cached.set
    const loader = new TextLoader(roots, directory, read, shownPath, this.limits)
    const set = { files: inNamedOrder(linkFiles(loader.load(files), descriptorMessages), files) }
    this.loads.keep(key, { sources: loader.sources, set }, key.length + loader.totalBytes)
    return set
  }

  /**
   * Links a serialized FileDescriptorSet. `pathAsGiven` is for the error text alone.
   *
   * @throws {SchemaError} with k6's text
   */
  loadProtoset(bytes: Uint8Array, pathAsGiven: string): LinkedSet {
    if (bytes.length > this.limits.totalBytes) {
      throw new SchemaError(
        `protoset file ${pathAsGiven} has ${bytes.length} bytes, more than the limit of ${this.limits.totalBytes}`,
      )
    }
    return this.remembered('protoset', [bytes], () => {
      try {
        return readDescriptorSet(bytes, this.limits)
      } catch (e) {
        if (e !== malformedWire) throw e
        throw new SchemaError(
          `couldn't unmarshal protoset file ${pathAsGiven}: proto:\u00a0cannot parse invalid wire-format data`,
        )
      }
    })
  }

  /**
   * Links FileDescriptorProtos one by one serialized, as server reflection gives them; missing dependencies are left out.
   *
   * @throws {SchemaError}
   */
  loadDescriptors(serializedFiles: readonly Uint8Array[]): LinkedSet {
    if (serializedFiles.length > this.limits.files) {
      throw new SchemaError(`the server describes more than ${this.limits.files} files, the limit`)
    }
    const totalBytes = serializedFiles.reduce((sum, file) => sum + file.length, 0)
    if (totalBytes > this.limits.totalBytes) {
      throw new SchemaError(
        `the server's descriptors have ${totalBytes} bytes, more than the limit of ${this.limits.totalBytes}`,
      )
    }
    return this.remembered('files', serializedFiles, () => {
      const byName = new Map<string, RawFile>()
      for (const bytes of serializedFiles) {
        try {
          const file = readFileDescriptor(bytes, this.limits)
          if (!byName.has(file.name)) byName.set(file.name, file)
        } catch (e) {
          if (e !== malformedWire) throw e
          throw new SchemaError('proto:\u00a0cannot parse invalid wire-format data')
        }
      }
      for (const file of byName.values()) file.imports = file.imports.filter((i) => byName.has(i.path))
      return [...byName.values()]
    })
  }

  /** The set that was linked from the same bytes before, or from what is read now. */
  private remembered(kind: string, bytes: readonly Uint8Array[], read: () => RawFile[]): LinkedSet {
    const digest = createHash('sha256').update(kind)
    for (const part of bytes) digest.update(`:${part.length}:`).update(part)
    const key = digest.digest('base64')
    const known = this.described.get(key)
    if (known !== undefined) return known
    const set = { files: linkFiles(inImportOrder(read())) }
    const total = bytes.reduce((sum, part) => sum + part.length, 0)
    this.described.keep(key, set, total)
    return set
  }
}

let knownDescriptorMessages: readonly MessageDescriptor[] | undefined

/** The messages that options are fields of, for texts that do not import them. */
function descriptorMessages(): readonly MessageDescriptor[] {
  const name = 'google/protobuf/descriptor.proto'
  knownDescriptorMessages ??= linkFiles([parseProto(name, wellKnownFile(name)!, defaultSchemaLimits)])[0]!.messages
  return knownDescriptorMessages
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || a.length !== b.length) return false
  return Buffer.compare(a, b) === 0
}

function isUnchanged(cached: CachedLoad, read: ReadFile): boolean {
  // All are read, changed or not: a caller may count what was opened.
  let isEqual = true
  for (const [absolutePath, bytes] of cached.sources) if (!isSame(read(absolutePath), bytes)) isEqual = false
  return isEqual
}

function inNamedOrder(linked: readonly LinkedFile[], names: readonly string[]): LinkedFile[] {
  const order = new Map([...new Set(names)].map((name, i) => [name, i] as const))
  return [...linked].sort((a, b) => (order.get(a.name) ?? names.length) - (order.get(b.name) ?? names.length))
}

/** Puts imports before importers; a set need not be sorted. Refuses cycles, missing files and files given twice. */
function inImportOrder(files: readonly RawFile[]): RawFile[] {
  const byName = new Map<string, RawFile>()
  for (const file of files) {
    if (byName.has(file.name))
      throw new SchemaError(`proto:\u00a0file appears multiple times: ${JSON.stringify(file.name)}`)
    byName.set(file.name, file)
  }
  const ordered: RawFile[] = []
  const state = new Map<RawFile, 'open' | 'done'>()
  const visit = (file: RawFile): void => {
    state.set(file, 'open')
    for (const { path: name } of file.imports) {
      const imported = byName.get(name)
      if (imported === undefined)
        throw new SchemaError(`proto:\u00a0could not resolve import ${JSON.stringify(name)}: not found`)
      if (state.get(imported) === 'open')
        throw new SchemaError(`proto:\u00a0import cycle in file: ${JSON.stringify(file.name)}`)
      if (!state.has(imported)) visit(imported)
    }
    state.set(file, 'done')
    ordered.push(file)
  }
  for (const file of files) if (!state.has(file)) visit(file)
  return ordered
}

/** Finds, reads and parses the files of one load, and all that they import. */
class TextLoader {
  readonly sources = new Map<string, Uint8Array | undefined>()
  private readonly loaded = new Map<string, RawFile>()
  private readonly ordered: RawFile[] = []
  totalBytes = 0

  constructor(
    private readonly roots: readonly string[],
    private readonly directory: string,
    private readonly read: ReadFile,
    private readonly shownPath: (absolutePath: string) => string,
    private readonly limits: SchemaLimits,
  ) {}

  load(names: readonly string[]): RawFile[] {
    for (const name of names) this.file(name, [])
    return this.ordered
  }

  private file(name: string, importers: readonly string[]): void {
    if (this.loaded.has(name)) return
    if (this.loaded.size + importers.length >= this.limits.files) {
      throw new SchemaError(`${name}: more than ${this.limits.files} files with all imports, the limit`)
    }
    if (importers.length > this.limits.importDepth) {
      throw new SchemaError(`${name}: imports are deeper than the limit of ${this.limits.importDepth}`)
    }
    const bytes = this.find(name)
    this.totalBytes += bytes.length
    if (this.totalBytes > this.limits.totalBytes) {
      throw new SchemaError(`${name}: the files have more than ${this.limits.totalBytes} bytes in all, the limit`)
    }
    const parsed = parseProto(name, bytes, this.limits)
    const chain = [...importers, name]
    for (const { path: imported, at } of parsed.imports) {
      const { line, column } = parsed.positionOf!(at!)
      const place = `${name}:${line}:${column}`
      if (chain.includes(imported)) {
        const cycle = [...chain.slice(chain.indexOf(imported)), imported].map((n) => JSON.stringify(n)).join(' -> ')
        throw new SchemaError(`${place}: cycle found in imports: ${cycle}`)
      }
      try {
        this.file(imported, chain)
      } catch (e) {
        if (e instanceof MissingFile) throw new SchemaError(`${place}: ${e.message}`)
        throw e
      }
    }
    this.loaded.set(name, parsed)
    this.ordered.push(parsed)
  }

  private find(name: string): Uint8Array {
    let candidate = ''
    for (const root of this.roots) {
      candidate = path.resolve(this.directory, path.join(root, name))
      const known = this.sources.get(candidate)
      const bytes = known ?? this.read(candidate)
      this.sources.set(candidate, bytes)
      if (bytes !== undefined) return bytes
    }
    const builtIn = wellKnownFile(name)
    if (builtIn !== undefined) return builtIn
    throw new MissingFile(`stat ${this.shownPath(candidate)}: no such file or directory`)
  }
}

/** A file that is nowhere; whoever imports it says where. */
class MissingFile extends SchemaError {}

/**
 * Source maps of the modules of a script, and the places that they give for those in a stack trace. A map comes from
 * whoever wrote the script: it is bounded before it is read, and what is not needed of it is dropped. ECMA-426.
 */
import type { TraceMap } from '@jridgewell/trace-mapping'
import { requirePackage } from '../package-root.js'

const traceMapping = () => requirePackage('@jridgewell/trace-mapping') as typeof import('@jridgewell/trace-mapping')

const maxMapLetters = 8 * 1024 * 1024
const maxSources = 10_000
const maxLines = 500_000
const maxSegments = 2_000_000
const maxPlaceLetters = 1024
const maxFrameLetters = 4096
const placeInFrame = /((?:file|https):\/\/\S+):(\d+):(\d+)(?=\)?$)/

/** What a module says of its map in its last line: `//# sourceMappingURL=…`. */
export function sourceMapUrl(source: string): string | undefined {
  // Only the end is looked at: what stands before it is the program.
  const from = source.lastIndexOf('\n//# sourceMappingURL=')
  if (from < 0) return undefined
  const text = source.slice(from + '\n//# sourceMappingURL='.length).trim()
  return /\s/.test(text) || text === '' ? undefined : text
}

/** The text in a `data:` URL of a source map. @throws {Error} when it is none */
export function inlineMap(url: string): string {
  const match = /^data:application\/json(?:;charset=[^;,]*)?(;base64)?,/.exec(url)
  if (match === null) throw new Error('the URL is neither that of a file nor data:application/json')
  const data = url.slice(match[0].length)
  return match[1] === undefined ? decodeURIComponent(data) : Buffer.from(data, 'base64').toString('utf8')
}

/** The map with what is needed of it, as JSON. @throws {Error} with what is wrong */
export function readMap(text: string): string {
  if (text.length > maxMapLetters) throw new Error(`it has ${text.length} letters; ${maxMapLetters} are read`)
  let map: Record<string, unknown>
  try {
    // Servers may put this line before JSON (ECMA-426, 10.1).
    map = JSON.parse(text.replace(/^\)\]\}'[^\n]*\n/, ''))
  } catch {
    throw new Error('it is not JSON')
  }
  if (typeof map !== 'object' || map === null || map.version !== 3) throw new Error('it is not a map of version 3')
  const { sources, mappings, sourceRoot } = map
  if (!Array.isArray(sources) || sources.length > maxSources) throw new Error('its sources are not a list')
  if (typeof mappings !== 'string') throw new Error('its mappings are not text')
  if (count(mappings, ';') > maxLines || count(mappings, ',') > maxSegments) throw new Error('it has too many mappings')
  if (!/^[A-Za-z0-9+/,;]*$/.test(mappings)) throw new Error('its mappings are not in base64 VLQ')
  return JSON.stringify({
    version: 3,
    sources: sources.map((source) => (typeof source === 'string' ? source.slice(0, maxPlaceLetters) : '')),
    names: [],
    mappings,
    ...(typeof sourceRoot === 'string' ? { sourceRoot: sourceRoot.slice(0, maxPlaceLetters) } : {}),
  })
}

function count(text: string, letter: string): number {
  let found = 0
  for (let at = text.indexOf(letter); at >= 0; at = text.indexOf(letter, at + 1)) found++
  return found
}

/** A line, from 1, and a column, from 1, in a file. */
export interface Place {
  file: string
  line: number
  column: number
}

/** What is known of the text of a module beside its URL. */
export interface MappedModule {
  /** JSON as `readMap` or `stripTypes` makes it. */
  map?: string
  /** Letters that stand before the module's own text in its first line. */
  shift: number
}

/** As encodeURIComponent, which leaves parentheses as they are. */
const percentEncoded = (letter: string): string =>
  letter === '(' ? '%28' : letter === ')' ? '%29' : encodeURIComponent(letter)

/** Finds the places of the user's own files for those that the engine tells. */
export class SourcePlaces {
  readonly #moduleOf: (url: string) => MappedModule | undefined
  readonly #maps = new Map<string, TraceMap | undefined>()

  constructor(moduleOf: (url: string) => MappedModule | undefined) {
    this.#moduleOf = moduleOf
  }

  original(place: Place): Place {
    const module = this.#moduleOf(place.file)
    if (module === undefined) return place
    const column = place.line === 1 ? Math.max(1, place.column - module.shift) : place.column
    const map = this.#map(place.file, module)
    if (map === undefined) return { ...place, column }
    // A script may put any numbers into `error.stack`, and whoever wrote the map may have it lead nowhere.
    if (!(place.line >= 1 && column >= 1)) return { ...place, column }
    const found = traceMapping().originalPositionFor(map, { line: place.line, column: column - 1 })
    if (typeof found.source !== 'string' || found.source.length > 2 * maxPlaceLetters) return { ...place, column }
    return { file: found.source.replace(/[\s()]/g, percentEncoded), line: found.line, column: found.column + 1 }
  }

  /** `\tat name (file:line:column)` lines with each place replaced. */
  inFrames(frames: string): string {
    return frames
      .split('\n')
      .map((frame) => {
        // A script may put anything into `error.stack`.
        if (frame.length > maxFrameLetters) return frame
        return frame.replace(placeInFrame, (_, file: string, line, column) => {
          const place = this.original({ file, line: Number(line), column: Number(column) })
          return `${place.file}:${place.line}:${place.column}`
        })
      })
      .join('\n')
  }

  #map(url: string, { map }: MappedModule): TraceMap | undefined {
    if (map === undefined) return undefined
    if (!this.#maps.has(url)) {
      let trace: TraceMap | undefined
      try {
        trace = new (traceMapping().TraceMap)(map, url)
      } catch {
        // The text was looked at when it was read; a map that still cannot be used is as good as none.
      }
      this.#maps.set(url, trace)
    }
    return this.#maps.get(url)
  }
}

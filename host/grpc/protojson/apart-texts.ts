/**
 * Long strings of a message that stand apart from its JSON: escaping, copying and parsing them as a part of it takes longer
 * than all else that is done for the message. In the JSON there is a mark in the place of each. No content of a message can
 * look like one, since JSON has control characters in escaped form only.
 */

import { isAscii, isUtf8 } from 'node:buffer'

/** Strings of fewer bytes are written as part of the JSON: to put them into their place would take longer. */
const leastBytes = 1024
const mostTexts = 256
/** Up to which length and depth the JSON around them is looked through for their places. */
const mostJsonLength = 64 * 1024
const mostDepth = 64

/**
 * Bytes that become base64 at a time, a multiple of three: one text for 100 KB takes ten times as long, as the engine keeps large
 * objects apart.
 */
const base64Step = 12 * 1024

const mark = '\u0001'
const markCode = 1
const marks = /\u0001(\d+)\u0001/g

/** Bytes of the message: UTF-8, or bytes that become base64. */
interface ApartText {
  start: number
  end: number
  isBytes: boolean
}

/** The JSON of a message without its long strings, and where they belong. */
export interface SplitJson {
  /** With 0 in the place of each string. */
  json: string
  /** JSON: for each string a list of its length in UTF-16 units and the keys and indices that lead to it. */
  places: string
  /** How many bytes of UTF-8 the strings take, one after the other in the order of their places. */
  byteLength: number
  /** Writes them. */
  writeTo(target: Buffer, at: number): void
}

/** Collects the long strings of the message in a buffer while its JSON is made. */
export class ApartTexts {
  readonly #buffer: Buffer
  readonly #texts: ApartText[] = []
  #mostLength = 0

  private constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  /** Undefined for a message that is too short to have one. */
  static of(buffer: Buffer): ApartTexts | undefined {
    return buffer.length < leastBytes ? undefined : new ApartTexts(buffer)
  }

  /** The mark that goes into the JSON for these bytes of the message; undefined when they are to be a part of it. */
  add(start: number, end: number, isBytes: boolean): string | undefined {
    if (end - start < leastBytes || this.#texts.length >= mostTexts) return undefined
    if (!isBytes) {
      const text = this.#buffer.subarray(start, end)
      // Text with a NUL cannot go over as it is.
      if (!isUtf8(text) || text.includes(0)) return undefined
    }
    this.#mostLength += (end - start) * 6
    this.#texts.push({ start, end, isBytes })
    return `${mark}${this.#texts.length - 1}${mark}`
  }

  get isEmpty(): boolean {
    return this.#texts.length === 0
  }

  /** The strings are at most so long as a part of JSON, where a control character takes six. */
  get mostLength(): number {
    return this.#mostLength
  }

  /** The JSON with the strings in it. */
  inline(json: string): string {
    return json.replaceAll(marks, (_, index: string) => {
      const { start, end, isBytes } = this.#texts[Number(index)]!
      return isBytes ? `"${this.#buffer.toString('base64', start, end)}"` : JSON.stringify(this.#textOf(start, end))
    })
  }

  /** Undefined when the strings are better written into the JSON, or there are none. */
  split(json: string): SplitJson | undefined {
    if (json.length > mostJsonLength || !json.includes(mark)) return undefined
    const found = findMarks(json)
    if (found === undefined) return undefined
    const texts = found.map(({ index }) => this.#texts[index]!)
    let byteLength = 0
    let places = ''
    let bare = ''
    let from = 0
    found.forEach(({ at, end, path }, i) => {
      const text = texts[i]!
      byteLength += text.isBytes ? base64Length(text.end - text.start) : text.end - text.start
      places += `${i === 0 ? '[' : ','}[${this.#units(text)}${path}]`
      bare += `${json.slice(from, at)}0`
      from = end
    })
    return {
      json: bare + json.slice(from),
      places: `${places}]`,
      byteLength,
      writeTo: (target, at) => {
        let to = at
        for (const text of texts) to += this.#write(text, target, to)
      },
    }
  }

  #write({ start, end, isBytes }: ApartText, target: Buffer, at: number): number {
    if (!isBytes) return this.#buffer.copy(target, at, start, end)
    let to = at
    for (let from = start; from < end; from += base64Step) {
      to += target.write(this.#buffer.toString('base64', from, Math.min(from + base64Step, end)), to, 'latin1')
    }
    return to - at
  }

  #units({ start, end, isBytes }: ApartText): number {
    if (isBytes) return base64Length(end - start)
    return isAscii(this.#buffer.subarray(start, end)) ? end - start : this.#textOf(start, end).length
  }

  #textOf(start: number, end: number): string {
    return this.#buffer.toString('utf8', start, end)
  }
}

const base64Length = (byteLength: number): number => Math.ceil(byteLength / 3) * 4

interface FoundMark {
  index: number
  at: number
  end: number
  /** A comma and JSON for each key and index. */
  path: string
}

interface Open {
  /** The keys of an object so far, as JSON; undefined for a list. */
  keys: Set<string> | undefined
  /** The present key as JSON, or the present index. */
  place: string | number
}

/**
 * The marks in JSON without blanks, in their order. Undefined when it is nested too deep, or an object has the same key twice,
 * so that a place would not be the only one of its name.
 */
function findMarks(json: string): FoundMark[] | undefined {
  const found: FoundMark[] = []
  const open: Open[] = []
  let top: Open | undefined
  let isKeyNext = false
  for (let i = 0; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case 0x7b: // {
      case 0x5b: {
        // [
        if (open.length === mostDepth) return undefined
        isKeyNext = json.charCodeAt(i) === 0x7b
        top = { keys: isKeyNext ? new Set() : undefined, place: 0 }
        open.push(top)
        break
      }
      case 0x7d: // }
      case 0x5d: // ]
        open.pop()
        top = open[open.length - 1]
        isKeyNext = false
        break
      case 0x2c: // ,
        if (top?.keys === undefined) (top!.place as number)++
        else isKeyNext = true
        break
      case 0x22: {
        const end = endOfString(json, i)
        if (isKeyNext) {
          const key = json.slice(i, end)
          if (top!.keys!.has(key)) return undefined
          top!.keys!.add(key)
          top!.place = key
          isKeyNext = false
        }
        i = end - 1
        break
      }
      case markCode: {
        const end = json.indexOf(mark, i + 1)
        let path = ''
        for (const { place } of open) path += `,${place}`
        found.push({ index: Number(json.slice(i + 1, end)), at: i, end: end + 1, path })
        i = end
      }
    }
  }
  return found
}

/** The place after the string that begins at `start`. */
function endOfString(json: string, start: number): number {
  for (let i = start + 1; ; i++) {
    const code = json.charCodeAt(i)
    if (code === 0x5c) i++
    else if (code === 0x22) return i + 1
  }
}

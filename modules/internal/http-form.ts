/** Bodies that k6 makes of objects: forms, and multipart messages when a member is a file (`http.file`). */
import { ops } from './bridge.js'
import { safeText } from './describe-error.js'
import {
  arrayPush,
  arraySort,
  encodeUriPart,
  floor,
  isArray,
  isArrayBuffer,
  keys,
  NativeUint8Array,
  now,
  numberToString,
  random,
  setPrototypeOf,
  stringToWellFormed,
  toText,
  typedArrayBuffer,
  typedArrayByteLength,
  typedArrayName,
  typedArrayOffset,
  typedArraySet,
} from './primordials.js'

const utf8 = ops<{ encode(text: string): ArrayBuffer }>('utf8', ['encode'])

/** What `http.file` gives: a part of a multipart body. */
export class FileData {
  // The order is that of k6's keys.
  data: string | ArrayBuffer
  filename: string
  content_type: string
  readonly #isOurs = true

  constructor(data: string | ArrayBuffer, filename: string, contentType: string) {
    this.data = data
    this.filename = filename
    this.content_type = contentType
  }

  static is(value: unknown): value is FileData {
    return typeof value === 'object' && value !== null && #isOurs in value && value.#isOurs
  }
}

/** The bytes of an ArrayBuffer, a typed array or a DataView; undefined for anything else. */
export function bytesOf(value: unknown): Uint8Array | undefined {
  if (isArrayBuffer(value)) return new NativeUint8Array(value)
  if (typedArrayName(value) === undefined) return undefined
  return new NativeUint8Array(typedArrayBuffer(value), typedArrayOffset(value), typedArrayByteLength(value))
}

/** A copy of the bytes alone in a buffer, as they cross to the host. */
export function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new NativeUint8Array(typedArrayByteLength(bytes))
  typedArraySet(copy, bytes, 0)
  return typedArrayBuffer(copy)
}

/** A file of a form. Without a name it gets one that is its own. */
export function fileOf(data: unknown, filename: unknown, contentType: unknown): FileData {
  const bytes = bytesOf(data)
  return new FileData(
    bytes === undefined ? toText(data) : bufferOf(bytes),
    filename === undefined || filename === null ? `${now()}${numberToString(floor(random() * 1e6))}` : toText(filename),
    contentType === undefined || contentType === null ? 'application/octet-stream' : toText(contentType),
  )
}

/** A body, and the media type that goes with it. */
export interface FormBody {
  body: string | ArrayBuffer
  contentType: string
}

export function formOf(form: object): FormBody {
  const names = keys(form)
  for (let i = 0; i < names.length; i++) {
    if (FileData.is((form as Record<string, unknown>)[names[i]!])) return multipartOf(form as Record<string, unknown>)
  }
  return { body: urlEncoded(form as Record<string, unknown>), contentType: 'application/x-www-form-urlencoded' }
}

/** As Go's url.Values are encoded: sorted by name, blanks as plus signs. */
function urlEncoded(form: Record<string, unknown>): string {
  const names = arraySort(keys(form))
  let text = ''
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const value = form[name]
    const values: unknown[] = isArray(value) ? value : [value]
    for (let j = 0; j < values.length; j++) {
      text += `${text === '' ? '' : '&'}${escaped(name)}=${escaped(safeTextOf(values[j]))}`
    }
  }
  return text
}

const safeTextOf = (value: unknown): string => (typeof value === 'object' ? safeText(value) : toText(value))

/** A table that has nothing of Object.prototype. */
const bare = (table: Record<string, string>): Record<string, string | undefined> =>
  setPrototypeOf(table, null) as Record<string, string | undefined>

/** What encodeURIComponent leaves and Go does not, and the blank. */
const further = bare({ '!': '%21', "'": '%27', '(': '%28', ')': '%29', '*': '%2A' })

function escaped(text: string): string {
  const encoded = encodeUriPart(stringToWellFormed(text))
  let result = ''
  for (let i = 0; i < encoded.length; i++) {
    const character = encoded[i]!
    if (character === '%' && encoded[i + 1] === '2' && encoded[i + 2] === '0') {
      result += '+'
      i += 2
    } else result += further[character] ?? character
  }
  return result
}

function multipartOf(form: Record<string, unknown>): FormBody {
  let boundary = ''
  while (boundary.length < 60) boundary += numberToString(floor(random() * 16), 16)
  const parts: Uint8Array[] = []
  const addText = (text: string) => arrayPush(parts, new NativeUint8Array(utf8.encode(stringToWellFormed(text))))
  const names = keys(form)
  for (let i = 0; i < names.length; i++) {
    const value = form[names[i]!]
    let head = `--${boundary}\r\nContent-Disposition: form-data; name="${quotable(names[i]!)}"`
    if (!FileData.is(value)) {
      addText(`${head}\r\n\r\n${safeTextOf(value)}\r\n`)
      continue
    }
    head += `; filename="${quotable(toText(value.filename))}"\r\nContent-Type: ${oneLine(toText(value.content_type))}\r\n\r\n`
    addText(head)
    const bytes = bytesOf(value.data)
    if (bytes === undefined) addText(toText(value.data))
    else arrayPush(parts, bytes)
    addText('\r\n')
  }
  addText(`--${boundary}--\r\n`)
  return { body: concatenated(parts), contentType: `multipart/form-data; boundary=${boundary}` }
}

function concatenated(parts: Uint8Array[]): ArrayBuffer {
  let length = 0
  for (let i = 0; i < parts.length; i++) length += typedArrayByteLength(parts[i])
  const all = new NativeUint8Array(length)
  let at = 0
  for (let i = 0; i < parts.length; i++) {
    typedArraySet(all, parts[i]!, at)
    at += typedArrayByteLength(parts[i])
  }
  return typedArrayBuffer(all)
}

const escapes = bare({ '"': '\\"', '\\': '\\\\', '\r': '%0D', '\n': '%0A' })

/** A name inside quotes, as Go's mime/multipart writes it. */
function quotable(text: string): string {
  let result = ''
  for (let i = 0; i < text.length; i++) result += escapes[text[i]!] ?? text[i]!
  return result
}

function oneLine(text: string): string {
  let result = ''
  for (let i = 0; i < text.length; i++) if (text[i] !== '\r' && text[i] !== '\n') result += text[i]!
  return result
}

/** What a call gives to the script, made of the text that host/grpc/response-json.ts writes. */
import { readMessage } from './grpc-message.js'
import type { ErrorDetail } from './grpc-stream.js'
import {
  arrayPush,
  defineProperty,
  freeze,
  keys,
  NativeTypeError,
  newProxy,
  parseJson,
  preventExtensions,
  setPrototypeOf,
  stringIndexOf,
  stringSlice,
  stringStartsWith,
  toText,
} from './primordials.js'

type Metadata = Record<string, string[]>

/** With k6's keys in k6's order. */
export interface Response {
  /** The message as the fields of its `.proto` file; null when the script wants none. */
  message: object | null
  error: { code: number; message: string; details: object[] } | null
  headers: Metadata
  trailers: Metadata
  status: number
  /** All details, decoded; on failed calls only, and hidden from who lists the keys. belljar's own. */
  readonly errorDetails?: ErrorDetail[]
}

// Frozen: it is the prototype of all of them, and scripts can lay hands on it.
const behindHostObjects = newProxy(freeze({}), {
  set(_target, key) {
    throw new NativeTypeError(`Cannot assign to property ${toText(key)} of a host object`)
  },
})

/** Makes of `object` one of k6's host objects: its members may be changed, and none may be added. */
export const hostObject = <T extends object>(object: T): T =>
  preventExtensions(setPrototypeOf(object, behindHostObjects)) as T

/** The response that a text of the host says. */
export function responseOf(text: string): Response {
  if (head !== '' && stringStartsWith(text, head)) return successOf(text)
  if (text[0] === '\n') {
    readHead(text)
    return successOf(text)
  }
  const response = parseJson(text) as Response
  // Only failed calls have it; k6 does not, so that who lists the keys must not see it.
  const hidden = { value: response.errorDetails, enumerable: false, writable: false, configurable: false }
  defineProperty(response, 'errorDetails', hidden)
  return hostObject(response)
}

/** Metadata to make copies of, which takes less time than parsing it again. */
interface Template {
  all: Metadata
  names: string[]
}

// What stood before the message the last time, line ends included. Mostly it is the same again.
let head = ''
let headers: Template
let trailers: Template
/** Longer ones are not kept. */
const mostHeadLength = 4096

function successOf(text: string): Response {
  const message = readMessage(text, head.length) as object | null
  const response = {
    __proto__: behindHostObjects,
    message,
    error: null,
    headers: copyOf(headers),
    trailers: copyOf(trailers),
    status: 0,
  }
  if (head.length > mostHeadLength) head = ''
  return preventExtensions(response)
}

function readHead(text: string): void {
  const headersEnd = stringIndexOf(text, '\n', 1)
  const trailersEnd = stringIndexOf(text, '\n', headersEnd + 1)
  headers = templateOf(stringSlice(text, 1, headersEnd))
  trailers = templateOf(stringSlice(text, headersEnd + 1, trailersEnd))
  head = stringSlice(text, 0, trailersEnd + 1)
}

function templateOf(json: string): Template {
  const all = parseJson(json) as Metadata
  return { all, names: keys(all) }
}

function copyOf({ all, names }: Template): Metadata {
  // Spreading defines what it copies, and what a copy has is found before any setter of the script.
  const copy = { ...all }
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const values = all[name]!
    if (values.length === 1) copy[name] = [values[0]!]
    else {
      const list: string[] = []
      for (let j = 0; j < values.length; j++) arrayPush(list, values[j]!)
      copy[name] = list
    }
  }
  return copy
}

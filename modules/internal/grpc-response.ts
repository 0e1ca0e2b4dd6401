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
  toNumber,
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
  let at = 0
  const first = text[0]
  if (first === '\r') return failureOf(text)
  if (first === '\n') {
    if (head === '' || !stringStartsWith(text, head)) readHead(text)
    at = head.length
  }
  const response = {
    __proto__: behindHostObjects,
    // Seen from here where it is plain JSON: there are many calls, and a function in between takes its time.
    message: (at > 0 || first === '\t' ? readMessage(text, at) : parseJson(text)) as object | null,
    error: null,
    headers: copyOf(headers),
    trailers: copyOf(trailers),
    status: 0,
  }
  if (at > mostHeadLength) forgetHead()
  return preventExtensions(response)
}

function failureOf(text: string): Response {
  const response = parseJson(stringSlice(text, 1)) as Response
  // Only failed calls have it; k6 does not, so that who lists the keys must not see it.
  const hidden = { value: response.errorDetails, enumerable: false, writable: false, configurable: false }
  defineProperty(response, 'errorDetails', hidden)
  return hostObject(response)
}

/** Metadata to make copies of, which takes less time than parsing it again. */
interface Template {
  all: Metadata
  names: string[]
  /** The values of names that have one each; undefined where one has several. */
  values: string[] | undefined
}

// What stood before the message the last time, line ends included. Mostly it is the same again.
let head = ''
/** The number of that, which the host is told; 0 for none. */
export let knownHead = 0
let headers: Template
let trailers: Template
/** Longer ones are not kept. */
const mostHeadLength = 4096

function forgetHead(): void {
  head = ''
  knownHead = 0
}

function readHead(text: string): void {
  const numberEnd = stringIndexOf(text, '\n', 1)
  const headersEnd = stringIndexOf(text, '\n', numberEnd + 1)
  const trailersEnd = stringIndexOf(text, '\n', headersEnd + 1)
  // Half of it is none, should the memory end in between.
  forgetHead()
  headers = templateOf(stringSlice(text, numberEnd + 1, headersEnd))
  trailers = templateOf(stringSlice(text, headersEnd + 1, trailersEnd))
  head = stringSlice(text, 0, trailersEnd + 1)
  knownHead = toNumber(stringSlice(text, 1, numberEnd))
}

function templateOf(json: string): Template {
  const all = parseJson(json) as Metadata
  const names = keys(all)
  let values: string[] | undefined = []
  for (let i = 0; i < names.length; i++) {
    const list = all[names[i]!]!
    if (list.length === 1 && values !== undefined) arrayPush(values, list[0]!)
    else values = undefined
  }
  return { all, names, values }
}

function copyOf({ all, names, values }: Template): Metadata {
  if (values !== undefined) {
    // What servers send mostly. Literals define their members, and take a third of the time of what follows.
    switch (names.length) {
      case 0:
        return {}
      case 1:
        return { [names[0]!]: [values[0]!] }
      case 2:
        return { [names[0]!]: [values[0]!], [names[1]!]: [values[1]!] }
      case 3:
        return { [names[0]!]: [values[0]!], [names[1]!]: [values[1]!], [names[2]!]: [values[2]!] }
    }
  }
  // Spreading defines what it copies, and what a copy has is found before any setter of the script.
  const copy = { ...all }
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!
    const old = all[name]!
    if (old.length === 1) copy[name] = [old[0]!]
    else {
      const list: string[] = []
      for (let j = 0; j < old.length; j++) arrayPush(list, old[j]!)
      copy[name] = list
    }
  }
  return copy
}

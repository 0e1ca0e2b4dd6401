/**
 * `k6/net/grpc` in a check: a call that is refused is told of and answered all the same, so that one check finds all that
 * is wrong; and who reads what a message does not have is told so. The host half is host/grpc/grpc-rehearsal.ts.
 */
import { ops } from './bridge.js'
import {
  apply,
  createObject,
  freeze,
  getPrototypeOf,
  hasOwn,
  isArray,
  keys,
  mapGet,
  mapSet,
  NativeMap,
  NativePromise,
  NativeTypeError,
  newProxy,
  parseJson,
  preventExtensions,
  promiseThen,
  setPrototypeOf,
  toText,
} from './primordials.js'
import { anything, callerFrames, framesOfThrown, reasonOf } from './rehearsal.js'
import { vu } from './vu.js'

type Text = string | undefined

const host = ops<{
  refused(client: number, method: Text, why: string, frames: string): undefined
  connected(client: number, frames: string): undefined
  pretendConnection(client: number): undefined
  answer(client: number, method: Text): Text
  request(client: number, method: Text): string
  checkMessage(client: number, method: Text, json: string): undefined
  responseType(client: number, method: Text): Text
  fields(client: number, type: string): Text
  unknownField(client: number, type: string, name: string, frames: string): undefined
  unknownMember(name: string, frames: string): undefined
}>('grpcRehearsal', [
  'refused',
  'connected',
  'pretendConnection',
  'answer',
  'request',
  'checkMessage',
  'responseType',
  'fields',
  'unknownField',
  'unknownMember',
])

/** Names that libraries and the language ask any object for. */
const askedOfAll = createObject(null) as Record<string, true | undefined>
const askedNames = ['then', 'toJSON', 'asymmetricMatch', '$$typeof', 'nodeType', 'inspect']
for (let i = 0; i < askedNames.length; i++) askedOfAll[askedNames[i]!] = true

const objectPrototype = getPrototypeOf({}) as object

/**
 * A prototype that tells who reads a property that nobody has. Only such reads get here: own properties, `in`, spreading
 * and JSON.stringify do not.
 */
function tellingPrototype(tell: (name: string) => void, set?: (key: PropertyKey) => never): object {
  return newProxy(freeze({}), {
    get(_target, key) {
      if (typeof key !== 'string' || key in objectPrototype)
        return (objectPrototype as Record<PropertyKey, unknown>)[key]
      if (!askedOfAll[key]) tell(key)
      return undefined
    },
    ...(set === undefined ? {} : { set: (_target: object, key: PropertyKey) => set(key) }),
  })
}

/** What the guest knows of a message type: the types of its fields by name, and the prototype of its messages. */
interface MessageShape {
  fields: Record<string, [type: string, isMap: boolean]>
  prototype: object
}

const shapes = new NativeMap<string, MessageShape | null>()

function shapeOf(client: number, type: string): MessageShape | null {
  const key = `${client} ${type}`
  const known = mapGet(shapes, key)
  if (known !== undefined) return known
  const json = host.fields(client, type)
  let shape: MessageShape | null = null
  if (json !== undefined) {
    const fields = setPrototypeOf(parseJson(json) as object, null) as MessageShape['fields']
    // A member of a oneof that is not set is no mistake.
    const tell = (name: string) => {
      if (!hasOwn(fields, name)) host.unknownField(client, type, name, callerFrames())
    }
    shape = { fields, prototype: tellingPrototype(tell) }
  }
  mapSet(shapes, key, shape)
  return shape
}

/** Looks after a message, and the messages in it. They are examples, so that there are not many. */
function watch(client: number, type: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) watch(client, type, value[i])
    return
  }
  const shape = shapeOf(client, type)
  if (shape === null) return
  setPrototypeOf(value, shape.prototype)
  const names = keys(value)
  for (let i = 0; i < names.length; i++) {
    const inner = shape.fields[names[i]!]
    if (inner === undefined || inner[0] === '') continue
    const member = (value as Record<string, unknown>)[names[i]!]
    if (!inner[1]) watch(client, inner[0], member)
    else if (typeof member === 'object' && member !== null) {
      const entries = keys(member)
      for (let j = 0; j < entries.length; j++) watch(client, inner[0], (member as Record<string, unknown>)[entries[j]!])
    }
  }
}

function watchMessage<T>(client: number, method: Text, message: T): T {
  const type = host.responseType(client, method)
  if (type !== undefined) watch(client, type, message)
  return message
}

const responsePrototype = tellingPrototype(
  (name) => {
    // belljar's own, and absent from calls that succeeded.
    if (name !== 'errorDetails') host.unknownMember(name, callerFrames())
  },
  (key) => {
    throw new NativeTypeError(`Cannot assign to property ${toText(key)} of a host object`)
  },
)

/** A response whose message is looked after. */
function watchedResponse(client: number, method: Text, response: object): object {
  const watched = createObject(null) as Record<string, unknown>
  const names = keys(response)
  for (let i = 0; i < names.length; i++) watched[names[i]!] = (response as Record<string, unknown>)[names[i]!]
  watchMessage(client, method, watched.message)
  return preventExtensions(setPrototypeOf(watched, responsePrototype))
}

/** What a call that was refused gives to the script. */
function madeUpResponse(client: number, method: Text): object {
  const json = host.answer(client, method)
  const message = json === undefined ? anything() : parseJson(json)
  return watchedResponse(client, method, { message, error: null, headers: {}, trailers: {}, status: 0 })
}

const nameOf = (method: unknown): Text => (method === undefined || method === null ? undefined : toText(method))

function tellOf(client: number, method: Text, thrown: unknown, frames = framesOfThrown(thrown)): void {
  host.refused(client, method, reasonOf(thrown), frames)
  host.pretendConnection(client)
}

/** The methods of a client that are rehearsed. */
interface Client {
  asyncInvoke(...args: unknown[]): Promise<unknown>
  connect(address?: unknown, params?: unknown): unknown
  healthCheck(service?: unknown): unknown
  invoke(...args: unknown[]): unknown
}

/** Makes of a client one that goes on after what would have failed. In the init code everything is as in a run. */
export function rehearseClient(client: Client, id: number): void {
  const { asyncInvoke, connect, healthCheck, invoke } = client
  client.connect = (address, params) => {
    if (vu.phase === 'init') return connect(address, params)
    try {
      connect(address, params)
    } catch (e) {
      tellOf(id, undefined, e)
    }
    host.connected(id, callerFrames())
    return true
  }
  client.invoke = (...args) => {
    if (vu.phase === 'init') return apply(invoke, client, args)
    const method = nameOf(args[0])
    try {
      return watchedResponse(id, method, apply(invoke, client, args) as object)
    } catch (e) {
      tellOf(id, method, e)
      return madeUpResponse(id, method)
    }
  }
  client.asyncInvoke = (...args) => {
    if (vu.phase === 'init') return apply(asyncInvoke, client, args) as Promise<unknown>
    const method = nameOf(args[0])
    const frames = callerFrames()
    const refused = (e: unknown) => {
      tellOf(id, method, e, frames)
      return madeUpResponse(id, method)
    }
    let called: unknown
    try {
      called = apply(asyncInvoke, client, args)
    } catch (e) {
      return new NativePromise((resolve) => resolve(refused(e)))
    }
    return promiseThen(called, (response) => watchedResponse(id, method, response as object), refused)
  }
  client.healthCheck = (service) => {
    if (vu.phase === 'init') return healthCheck(service)
    try {
      return healthCheck(service)
    } catch (e) {
      tellOf(id, undefined, e)
      return { status: 1 }
    }
  }
}

/** What a stream does with its messages in a check; see `openStream`. */
export interface MessageHooks {
  read(message: unknown): unknown
  write(json: string): string
}

/** Messages of the server are looked after; one that cannot be sent is told of, and another one is sent. */
export function streamHooks(client: number, method: Text): MessageHooks {
  return {
    read: (message) => watchMessage(client, method, message),
    write(json) {
      try {
        host.checkMessage(client, method, json)
        return json
      } catch (e) {
        tellOf(client, method, e)
        return host.request(client, method)
      }
    },
  }
}

/** Opens a stream; one that is refused is told of, and what the script gets instead says nothing. */
export function rehearseStream<S>(client: number, method: Text, open: () => S): S {
  if (vu.phase === 'init') return open()
  try {
    return open()
  } catch (e) {
    tellOf(client, method, e)
    return anything() as S
  }
}

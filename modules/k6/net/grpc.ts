/** Guest half of `k6/net/grpc`: the client, its constants, and the shape of what a script gets back. */
import { cross, operationOf, ops, raise } from '../../internal/bridge.js'
import { GoError } from '../../internal/go-error.js'
import { paramsJson, requestJson } from '../../internal/grpc-request.js'
import { hostObject, knownHead, type Response, responseOf } from '../../internal/grpc-response.js'
import { openStream, type StreamMethods } from '../../internal/grpc-stream.js'
import { handleOwner } from '../../internal/handles.js'
import { part } from '../../internal/part.js'
import {
  createObject,
  isArray,
  NativeTypeError,
  NativeWeakMap,
  parseJson,
  toText,
  weakMapGet,
  weakMapSet,
} from '../../internal/primordials.js'
import { lastTask, newPromise, refuse } from '../../internal/tasks.js'
import { currentTagSet, knownTagSet, presentTagSet, vu } from '../../internal/vu.js'

export type { Response } from '../../internal/grpc-response.js'

type Text = string | undefined

const host = ops<{
  create(): number
  free(client: number): undefined
  load(client: number, importPaths: Text, files: string): string
  loadProtoset(client: number, path: string): string
  connect(client: number, isInit: boolean, address: string, params: Text, tagSet: number): true
  checkInvoke(client: number, method: Text, params: Text, state: number): undefined
  checkStream(client: number, method: Text): undefined
  healthCheck(client: number, service: string, tagSet: number): string
  close(client: number): undefined
}>('grpc', ['create', 'free', 'load', 'loadProtoset', 'connect', 'checkInvoke', 'checkStream', 'healthCheck', 'close'])

const rehearsal = part<typeof import('../../internal/grpc-rehearsal.js')>('grpc-rehearsal')

/** Of the client, method, request, params, tag set, state and known head of a response, which answers with the response. */
const invokeOperation = operationOf('grpc', 'invoke')
/** The same without the head, after the number of the task, which gets the response later. */
const startInvokeOperation = operationOf('grpc', 'startInvoke')

export const StatusOK = 0
export const StatusCanceled = 1
export const StatusUnknown = 2
export const StatusInvalidArgument = 3
export const StatusDeadlineExceeded = 4
export const StatusNotFound = 5
export const StatusAlreadyExists = 6
export const StatusPermissionDenied = 7
export const StatusResourceExhausted = 8
export const StatusFailedPrecondition = 9
export const StatusAborted = 10
export const StatusOutOfRange = 11
export const StatusUnimplemented = 12
export const StatusInternal = 13
export const StatusUnavailable = 14
export const StatusDataLoss = 15
export const StatusUnauthenticated = 16
export const HealthCheckUnknown = 0
export const HealthCheckServing = 1
export const HealthCheckNotServing = 2
/** Spelt as k6 spells it. */
export const HealthCheckServiceUnkown = 3

/** Why a call cannot start; the host looks at it in k6's order of checks. */
const startState = { ready: 0, init: 1, noRequest: 2, nullRequest: 3 } as const

const textOf = (value: unknown): Text => {
  if (typeof value === 'string') return value
  return value === undefined || value === null ? undefined : toText(value)
}

/** JSON of the call's parameters; nothing for parameters that have no members. */
const paramsOf = (params: unknown): Text =>
  params === undefined || params === null || typeof params === 'number' || typeof params === 'boolean'
    ? undefined
    : paramsJson(typeof params === 'string' ? charactersOf(params) : params)

/** A string's members are its characters, and that is how k6 reads one where it expects an object. */
function charactersOf(text: string): Record<string, string> {
  const members: Record<string, string> = createObject(null)
  for (let i = 0; i < text.length; i++) members[i] = text[i]!
  return members
}

function pathList(value: unknown): Text {
  if (value === undefined || value === null) return undefined
  if (!isArray(value)) {
    throw new NativeTypeError(
      `could not convert function call parameter 0: could not convert ${safe(value)} to []string`,
    )
  }
  return listOfTexts(value)
}

function listOfTexts(values: ArrayLike<unknown>): string {
  let json = '['
  for (let i = 0; i < values.length; i++) json += `${i > 0 ? ',' : ''}${paramsJson(toText(values[i]))}`
  return `${json}]`
}

const safe = (value: unknown): string => (typeof value === 'object' ? '.' : toText(value))

/** A method, as `load()` tells of it. */
export interface MethodInfo {
  package: string
  service: string
  full_method: string
  name: string
  is_client_stream: boolean
  is_server_stream: boolean
}

/** Whether a call may start, as far as the guest can tell. */
function stateOf(args: unknown[]): number {
  if (vu.phase === 'init') return startState.init
  if (args.length < 2) return startState.noRequest
  return args[1] === undefined || args[1] === null ? startState.nullRequest : startState.ready
}

/** The arguments of the call that begins, read: not an object, as there are many calls, and not arguments, see `invoke`. */
let method: Text
let request: Text
let params: Text
let state: number

/**
 * Reads the arguments of a call. A value that cannot be read (its getter throws, it is a cycle) has its turn in k6's
 * order of checks, so the host makes those that come before.
 */
function readArguments(client: number, args: unknown[]): void {
  // Nothing is called for what is so in nearly all calls, as each would take as long as all of this.
  const name = typeof args[0] === 'string' ? args[0] : textOf(args[0])
  const isReady = typeof args[1] === 'object' && args[1] !== null && vu.phase !== 'init'
  const ready = isReady ? startState.ready : stateOf(args)
  let given: Text
  if (args[2] !== undefined) {
    try {
      given = paramsOf(args[2])
    } catch (e) {
      host.checkInvoke(client, name, undefined, ready === startState.init ? ready : startState.ready)
      throw e
    }
  }
  let message: Text
  if (ready === startState.ready) {
    try {
      message = requestJson(args[1])
    } catch (e) {
      host.checkInvoke(client, name, given, ready)
      throw e
    }
  }
  // Last of all: what was read may have made calls of its own.
  method = name
  request = message
  params = given
  state = ready
}

/** What a script can do with a client; the order is that of k6's keys. What it passes may be anything. */
export interface ClientMethods {
  asyncInvoke(...args: [method?: unknown, request?: unknown, params?: unknown]): Promise<Response>
  close(): void
  connect(address?: unknown, params?: unknown): true
  healthCheck(service?: unknown): { status: number }
  invoke(...args: [method?: unknown, request?: unknown, params?: unknown]): Response
  load(importPaths?: unknown, ...files: unknown[]): MethodInfo[]
  loadProtoset(path?: unknown): MethodInfo[]
}

/** The number by which the host knows a client, in an object that all methods of the client hold. */
interface Handle {
  readonly id: number
}

const handles = new NativeWeakMap<object, Handle>()
const own = handleOwner((id) => host.free(id))

/** A client of this VU. */
export function Client(this: unknown): ClientMethods {
  if (new.target === undefined) throw new NativeTypeError("Class constructor Client cannot be invoked without 'new'")
  const handle: Handle = { id: host.create() }
  own(handle, handle.id)
  const client: ClientMethods = {
    asyncInvoke(...args) {
      const promise = newPromise(responseOf)
      const task = lastTask()
      const { id } = handle
      try {
        readArguments(id, args)
        const tagSet = currentTagSet()
        if (cross(startInvokeOperation, task, id, method, request, params, tagSet, state) === null) raise()
      } catch (e) {
        refuse(task, e)
      }
      return promise
    },
    close() {
      host.close(handle.id)
    },
    connect(address, params) {
      return host.connect(handle.id, vu.phase === 'init', textOf(address) ?? '', paramsOf(params), currentTagSet())
    },
    healthCheck(service) {
      return hostObject(
        parseJson(host.healthCheck(handle.id, textOf(service) ?? '', currentTagSet())) as { status: number },
      )
    },
    invoke(...args) {
      const { id } = handle
      readArguments(id, args)
      // The host is asked from here: each function that is under way while the call is made adds to what waiting costs.
      const tagSet = (knownTagSet ?? presentTagSet()).id
      const text = cross(invokeOperation, id, method, request, params, tagSet, state, knownHead)
      return responseOf(text === null ? raise() : (text as string))
    },
    load(importPaths, ...files) {
      // k6 converts the arguments before it looks at anything else.
      const paths = pathList(importPaths)
      const names = listOfTexts(files)
      assertInit()
      return parseJson(host.load(handle.id, paths, names)) as MethodInfo[]
    },
    loadProtoset(path) {
      const name = textOf(path) ?? ''
      assertInit()
      return parseJson(host.loadProtoset(handle.id, name)) as MethodInfo[]
    },
  }
  if (vu.isRehearsal) rehearsal().rehearseClient(client as never, handle.id)
  weakMapSet(handles, client, handle)
  return client
}

/** A stream of `client`, begun at once. @throws {GoError} with k6's text, for the first thing that is wrong */
export function Stream(this: unknown, client?: unknown, method?: unknown, params?: unknown): StreamMethods {
  if (new.target === undefined) throw new NativeTypeError("Class constructor Stream cannot be invoked without 'new'")
  if (client === undefined || client === null) throw new GoError("invalid GRPC Stream's client: empty gRPC client")
  const handle = typeof client === 'object' ? weakMapGet(handles, client) : undefined
  if (handle === undefined) throw new GoError("invalid GRPC Stream's client: not a gRPC client")
  const { id } = handle
  const name = textOf(method)
  let given: Text
  try {
    given = paramsOf(params)
  } catch (e) {
    host.checkStream(id, name)
    throw e
  }
  if (vu.isRehearsal) {
    const { rehearseStream, streamHooks } = rehearsal()
    return rehearseStream(id, name, () => openStream(id, name, given, streamHooks(id, name)))
  }
  return openStream(id, name, given)
}

function assertInit(): void {
  if (vu.phase !== 'init') throw new GoError('load must be called in the init context')
}

export default {
  Client,
  Stream,
  StatusOK,
  StatusCanceled,
  StatusUnknown,
  StatusInvalidArgument,
  StatusDeadlineExceeded,
  StatusNotFound,
  StatusAlreadyExists,
  StatusPermissionDenied,
  StatusResourceExhausted,
  StatusFailedPrecondition,
  StatusAborted,
  StatusOutOfRange,
  StatusUnimplemented,
  StatusInternal,
  StatusUnavailable,
  StatusDataLoss,
  StatusUnauthenticated,
  HealthCheckUnknown,
  HealthCheckServing,
  HealthCheckNotServing,
  HealthCheckServiceUnkown,
}

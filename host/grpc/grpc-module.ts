/** Trusted half of `k6/net/grpc`: every operation, checked in k6's order and with k6's texts. The calls are made elsewhere. */
import { performance } from 'node:perf_hooks'
import { isAppError } from '../../errors.js'
import { GuestError, guestErrorOf } from '../../runtime/guest-error.js'
import { defineHostModule, jsonOf, number, text } from '../../runtime/host-module.js'
import type { Crossing, Utf8Text } from '../../runtime/js-value.js'
import { cappedMs, checkMetadata, checkRequestBytes, checkRoomForCall, namingLimit, turnOf } from '../call-limits.js'
import type { VuContext } from '../vu-context.js'
import { builtInMethod } from './built-in-methods.js'
import { type CallParams, CallParamsError, defaultInvokeTimeoutMs, readCallParams } from './call-params.js'
import { addCall, type CallTags, unnamedCall } from './call-samples.js'
import { connect } from './connect.js'
import { readConnectParams } from './connect-params.js'
import type { GrpcClient, KnownParams } from './grpc-vu.js'
import { readGuestParams } from './guest-params.js'
import { debugObserver } from './http-debug.js'
import { addMetadata } from './metadata.js'
import { responseText } from './response-json.js'
import type { MethodDescriptor } from './schema/schema.js'
import { contextCanceled, deadlineExceeded, type Ending, rpcErrorText, Status } from './status.js'
import { GrpcStream } from './stream.js'
import type { CallResult, Connection, UnaryCall } from './transport.js'
import { lengthDelimited } from './wire-field.js'

/** Why the guest says that a call cannot start; modules/k6/net/grpc.ts has the same numbers. */
const startState = { ready: 0, init: 1, noRequest: 2, nullRequest: 3 } as const

function stringList(json: Crossing, what: string): string[] {
  const list = jsonOf(json, what)
  if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
    throw new GuestError('TypeError', 'a list of strings is needed')
  }
  return list
}

function connected(client: GrpcClient): Connection {
  if (client.connection === undefined)
    throw new GuestError('GoError', 'no gRPC connection, you must call connect first')
  return client.connection
}

/** @throws {GuestError} with k6's text; {AppError} METHOD_DENIED */
function methodOf(vu: VuContext, client: GrpcClient, name: Crossing): MethodDescriptor {
  if (name === undefined || name === '') throw new GuestError('GoError', 'method to invoke cannot be empty')
  const wanted = text(name, 'method')
  if (client.lastMethod?.name === wanted) return client.lastMethod.method
  const method = client.schema.method(wanted)
  if (method === undefined) {
    const path = wanted.startsWith('/') ? wanted : `/${wanted}`
    throw new GuestError('GoError', `method ${JSON.stringify(path)} not found in file descriptors`)
  }
  checkMethod(vu, method.path)
  client.lastMethod = { name: wanted, method }
  return method
}

/** The client, whose methods may not be the same from now on. */
function changing(client: GrpcClient): GrpcClient {
  client.lastMethod = undefined
  return client
}

interface Call {
  client: GrpcClient
  connection: Connection
  method: MethodDescriptor
  params: CallParams
  request: Uint8Array
  tags: CallTags
  /** Of a response that the guest half knows, see response-json.ts. */
  knownHead: Crossing
}

/** Checks a call up to its request, in k6's order. @throws {GuestError} with k6's text */
function checkInvoke(vu: VuContext, client: GrpcClient, name: Crossing, params: Crossing, state: Crossing) {
  if (state === startState.init) {
    throw new GuestError('GoError', 'invoking RPC methods in the init context is not supported')
  }
  const connection = connected(client)
  const method = methodOf(vu, client, name)
  const complaint = "invalid GRPC's client.invoke() parameters"
  return {
    connection,
    method,
    params: callParamsOf(vu, params, vu.grpc.invokeParams, complaint, defaultInvokeTimeoutMs),
  }
}

/** Checks all of a call in k6's order. @throws {GuestError} with k6's text */
function prepare(vu: VuContext, args: Crossing[]): Call {
  const [id, name, json, given, tagSet, state, knownHead] = args
  const client = vu.grpc.client(id)
  const { connection, method, params } = checkInvoke(vu, client, name, given, state)
  if (state === startState.noRequest) throw new GuestError('GoError', 'request cannot be nil')
  if (state === startState.nullRequest) {
    throw new GuestError('TypeError', 'Cannot convert undefined or null to object')
  }
  const tags = { method, connection, vuTags: vu.tagSet(tagSet), callTags: params.tags }
  const request = encode(method, text(json, 'request'))
  checkRequestBytes(vu, request.length, 'the request')
  checkRoomForCall(vu)
  return { client, connection, method, params, request, tags, knownHead }
}

/** Checks a stream up to its parameters. @throws {GuestError} with k6's text */
function checkStream(vu: VuContext, client: GrpcClient, name: Crossing) {
  const connection = within("invalid GRPC Stream's client", () => connected(client))
  return { connection, method: within("invalid GRPC Stream's method", () => methodOf(vu, client, name)) }
}

/**
 * @param known those of earlier calls of the same kind
 * @param complaint goes before what is wrong with them
 * @param timeoutMs of a call that names none
 */
function callParamsOf(
  vu: VuContext,
  json: Crossing,
  known: KnownParams,
  complaint: string,
  timeoutMs: number,
): CallParams {
  const before = json === undefined || typeof json === 'string' ? known.get(json) : undefined
  if (before !== undefined) return before
  const read = readParams(json, complaint)
  checkMetadata(vu, read.metadata, 'metadata')
  const wantedMs = read.timeoutMs ?? timeoutMs
  const mostMs = cappedMs(vu, wantedMs)
  const params = mostMs === Number.POSITIVE_INFINITY ? read : { ...read, timeoutMs: mostMs }
  if (mostMs < wantedMs) params.isTimeCapped = true
  known.add(json as string | undefined, params)
  return params
}

function readParams(json: Crossing, complaint: string): CallParams {
  if (json === undefined) return noParams
  try {
    return readCallParams(readGuestParams(json))
  } catch (e) {
    if (!(e instanceof CallParamsError)) throw e
    throw new GuestError('GoError', `${complaint}: ${e.message}`)
  }
}

/** Runs a check, with words before what it complains of. */
function within<T>(complaint: string, check: () => T): T {
  try {
    return check()
  } catch (e) {
    throw e instanceof GuestError ? new GuestError(e.guestName, `${complaint}: ${e.message}`) : e
  }
}

/** Why a stream with these parameters cannot even begin. */
function refusalOf({ metadata, timeoutMs }: CallParams): Ending | undefined {
  if (timeoutMs !== undefined && timeoutMs <= 0) return deadlineExceeded
  const bad = addMetadata(Object.create(null), metadata)
  // A stream that the server would reset has begun.
  return bad?.message.includes('RST_STREAM') ? undefined : bad
}

function noStream(why: Ending): GuestError {
  return new GuestError('GoError', `failed to create a new stream: ${rpcErrorText(why)}`)
}

const noParams: CallParams = { metadata: [], tags: new Map(), discardsResponse: false }

function checkMethod(vu: VuContext, path: string): void {
  vu.services.gate.checkMethod(path.slice(1), vu.id)
}

function encode(method: MethodDescriptor, json: string): Uint8Array {
  try {
    return method.input.encode(json)
  } catch (e) {
    if (!isAppError(e)) throw e
    throw new GuestError('GoError', `unable to serialise request object to protocol buffer: ${e.message}`)
  }
}

/** Makes the call and gives its answer as text for the guest half. */
function call(vu: VuContext, prepared: Call): Promise<string | Utf8Text> {
  const { signal } = vu.abort
  vu.grpc.beginCall()
  const turn = turnOf(vu, signal)
  return turn === undefined ? send(vu, prepared, signal) : turn.then(() => send(vu, prepared, signal))
}

function send(vu: VuContext, prepared: Call, signal: AbortSignal): Promise<string | Utf8Text> {
  const { connection, method, params, request } = prepared
  const begin = performance.now()
  const unary: UnaryCall = {
    path: method.path,
    request,
    metadata: params.metadata,
    deadlineMs: params.timeoutMs ?? defaultInvokeTimeoutMs,
    signal,
    observer: debugObserver(vu, () => method),
  }
  if (params.compression !== undefined) unary.compression = params.compression
  return connection.unary(unary).then(
    (result) => {
      vu.grpc.endCall()
      return answer(vu, prepared, result, begin, signal)
    },
    (e) => {
      vu.grpc.endCall()
      throw e
    },
  )
}

function answer(
  vu: VuContext,
  { client, method, params, tags, knownHead }: Call,
  given: CallResult,
  begin: number,
  signal: AbortSignal,
): string | Utf8Text {
  // k6 keeps no sample of a call whose own time was up: its context is done by then.
  const isTimeUp =
    given.status === Status.deadlineExceeded &&
    performance.now() - begin >= (params.timeoutMs ?? defaultInvokeTimeoutMs)
  const result = namingLimit(vu, given, isTimeUp && params.isTimeCapped, given.isTooLarge && client.isReceiveCapped)
  const response = responseText(client.schema, method, result, params.discardsResponse, knownHead)
  const durationMs = performance.now() - begin
  // Nor one of a call that the end of the iteration cut off.
  if (!signal.aborted) addCall(vu, tags, response.status, isTimeUp ? undefined : durationMs, result.remoteIp)
  if ('conversionError' in response) {
    throw new GuestError('GoError', `unable to convert response object to JSON: ${response.conversionError}`)
  }
  return response.text
}

function openProtoset(vu: VuContext, path: string) {
  try {
    return vu.services.readFile(path, '')
  } catch (e) {
    if (!isAppError(e)) throw e
    throw new GuestError('GoError', `couldn't open protoset: ${e.message}`)
  }
}

const healthPath = '/grpc.health.v1.Health/Check'

/** grpc.health.v1.HealthCheckRequest: field 1, the service's name. */
function healthRequest(service: string): Uint8Array {
  return service === '' ? new Uint8Array() : lengthDelimited(1, Buffer.from(service))
}

/** The status of a grpc.health.v1.HealthCheckResponse: field 1, a small enum. */
function healthStatus(response: Uint8Array): number {
  return response[0] === 8 ? (response[1] ?? 0) : 0
}

export const grpc = defineHostModule<VuContext>('grpc', {
  create: (vu) => vu.grpc.create(),

  /** The script has dropped a client. */
  free(vu, id) {
    vu.grpc.free(id)
    return undefined
  },

  load(vu, id, importPaths, files) {
    const { schema } = changing(vu.grpc.client(id))
    const paths = importPaths === undefined ? [] : stringList(importPaths, 'import paths')
    const { scriptFolder: directory, shownPath } = vu.services
    const read = (path: string) => vu.services.readFile(shownPath(path), '').bytes
    return JSON.stringify(schema.load(paths, stringList(files, 'files'), { directory, read, shownPath }))
  },

  loadProtoset(vu, id, path) {
    const { schema } = changing(vu.grpc.client(id))
    const given = text(path, 'path')
    const { shownPath, bytes } = openProtoset(vu, given)
    if (bytes === undefined) {
      throw new GuestError('GoError', `couldn't open protoset: stat ${shownPath}: no such file or directory`)
    }
    return JSON.stringify(schema.loadProtoset(bytes, given))
  },

  connect(vu, id, isInit, address, params, tagSet) {
    const client = vu.grpc.client(id)
    if (isInit === true) {
      throw new GuestError('GoError', 'connecting to a gRPC server in the init context is not supported')
    }
    const read = readConnectParams(readGuestParams(params))
    return connect(vu, client, text(address, 'address'), read, vu.tagSet(tagSet))
      .then(() => true)
      .finally(() => changing(client))
  },

  invoke: (vu, ...args) => call(vu, prepare(vu, args)),

  startInvoke(vu, task, ...args) {
    const id = number(task, 'task')
    const prepared = prepare(vu, args)
    vu.tasks.begin(id, () => {})
    call(vu, prepared).then(
      (answered) => vu.tasks.postValue(id, answered, vu.services.limits.memoryBytes),
      (e: unknown) => {
        const shown = guestErrorOf(e)
        if (shown === undefined) vu.services.onInternalError(e)
        vu.tasks.post(id, 'error', shown?.message ?? 'internal error', true)
      },
    )
    return undefined
  },

  /** For arguments that the guest cannot read: what else is wrong with the call, before those. */
  checkInvoke(vu, id, name, params, state) {
    checkInvoke(vu, vu.grpc.client(id), name, params, state)
    return undefined
  },

  checkStream(vu, id, name) {
    checkStream(vu, vu.grpc.client(id), name)
    return undefined
  },

  async healthCheck(vu, id, service, tagSet) {
    const connection = connected(vu.grpc.client(id))
    const vuTags = vu.tagSet(tagSet)
    const { signal } = vu.abort
    checkMethod(vu, healthPath)
    await turnOf(vu, signal)
    const begin = performance.now()
    const result = await connection.unary({
      path: healthPath,
      request: healthRequest(text(service, 'service')),
      metadata: [],
      signal,
      deadlineMs: cappedMs(vu, defaultInvokeTimeoutMs),
      observer: debugObserver(vu, () => builtInMethod(healthPath)),
    })
    if (!signal.aborted) {
      const tags = unnamedCall(connection, vuTags)
      addCall(vu, tags, result.status, performance.now() - begin, result.remoteIp)
    }
    if (result.status !== 0) {
      throw new GuestError('GoError', rpcErrorText(result))
    }
    return JSON.stringify({ status: healthStatus(result.response ?? new Uint8Array()) })
  },

  openStream(vu, task, id, name, params, tagSet) {
    const taskId = number(task, 'task')
    const client = vu.grpc.client(id)
    const { connection, method } = checkStream(vu, client, name)
    const read = callParamsOf(
      vu,
      params,
      vu.grpc.streamParams,
      "invalid GRPC Stream's parameters",
      Number.POSITIVE_INFINITY,
    )
    const refusal = refusalOf(read)
    if (refusal !== undefined) throw noStream(refusal)
    const vuTags = vu.tagSet(tagSet)
    checkRoomForCall(vu)
    const open = () => {
      const stream = vu.grpc.addStream(
        (streamId) =>
          new GrpcStream({ vu, id: streamId, task: taskId, client, connection, method, params: read, vuTags }),
      )
      const opened = stream.opening()?.then((whyNot) => {
        if (whyNot !== undefined) throw noStream(whyNot)
        return stream.id
      })
      return opened ?? stream.id
    }
    const { signal } = vu.abort
    const turn = turnOf(vu, signal)?.then(() => {
      if (signal.aborted) throw noStream(contextCanceled)
      return open()
    })
    return turn ?? open()
  },

  // A stream that is over takes no more, in silence: k6 would hang.
  writeStream: (vu, id, json) => vu.grpc.stream(id)?.write(text(json, 'message')),

  endStream(vu, id) {
    vu.grpc.stream(id)?.end()
    return undefined
  },

  cancelStream(vu, id) {
    vu.grpc.stream(id)?.cancel()
    return undefined
  },

  close(vu, id) {
    const client = vu.grpc.client(id)
    if (client.connection !== undefined) vu.grpc.release(client.connection)
    client.connection = undefined
    return undefined
  },
})

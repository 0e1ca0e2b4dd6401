/**
 * What `client.connect()` does with parameters that are read: the dial, the change of the client's connection, reflection.
 * Knows nothing of calls that a script makes.
 */
import { performance } from 'node:perf_hooks'
import { isAppError } from '../../errors.js'
import type { TagSet } from '../../metrics/tag-set.js'
import { GuestError } from '../../runtime/guest-error.js'
import { cappedMs, checkMetadata, roomForConnection, turnOf } from '../call-limits.js'
import { tlsSettingsOf } from '../net/tls.js'
import type { VuContext } from '../vu-context.js'
import { builtInMethod } from './built-in-methods.js'
import { addDuration, unnamedCall } from './call-samples.js'
import { withDefaults } from './client-connection.js'
import type { ConnectParams } from './connect-params.js'
import type { GrpcClient } from './grpc-vu.js'
import { debugObserver } from './http-debug.js'
import { reflectedDescriptors } from './reflection.js'
import { answersFrom } from './rehearsed-answers.js'
import type { Schema } from './schema/schema.js'
import { serverNameOf } from './server-name.js'
import { type Connection, defaultReceiveBytes, type Metadata } from './transport.js'

/**
 * Dials for a client, and loads what the server tells of its services if the parameters ask for it. Whatever comes of it, the
 * client has lost its former connection.
 *
 * @throws {GuestError} GoError with k6's text
 * @throws {AppError} CONNECT_FAILED, NETWORK_DENIED, METHOD_DENIED, LIMIT_COUNT, LIMIT_SIZE
 */
export async function connect(
  vu: VuContext,
  client: GrpcClient,
  address: string,
  params: ConnectParams,
  vuTags: TagSet,
): Promise<void> {
  checkMetadata(vu, params.reflectMetadata, 'reflectMetadata')
  const besides = roomForConnection(vu)
  await turnOf(vu, vu.abort.signal)
  const beganAtMs = performance.now()
  const timeoutMs = cappedMs(vu, params.timeoutMs)
  const { runtime } = vu.grpc
  const { responseBytes } = vu.services.limits
  const wantedBytes = params.maxReceiveBytes || defaultReceiveBytes
  const serverName = serverNameOf(address, params.authority)
  const tls = params.isPlaintext ? undefined : tlsSettingsOf(runtime.options.tls, params.tls, serverName)
  // k6 forgets the old connection of a client, and keeps none when the new one fails.
  const replaced = client.connection
  client.connection = undefined
  const dial = runtime.connect(
    {
      address,
      isPlaintext: params.isPlaintext,
      timeoutMs,
      authority: params.authority,
      maxReceiveBytes: Math.min(wantedBytes, responseBytes),
      maxSendBytes: params.maxSendBytes,
      loadBalancing: params.loadBalancing,
      maxPeers: besides + 1,
      signal: vu.abort.signal,
      onInternalError: vu.services.onInternalError,
      ...(tls === undefined ? {} : { tls }),
    },
    vu.id,
    params.isShared,
    vu.services.rehearsal === undefined ? undefined : answersFrom(client.schema),
  )
  // Not before: the new one may be the same, and must not be dialled again.
  const dialled = await dial.finally(() => vu.grpc.replace(replaced))
  const connection = withDefaults(dialled, params)
  vu.grpc.adopt(connection, params.isShared)
  client.connection = connection
  client.isReceiveCapped = wantedBytes > responseBytes
  // From here on the connection is there, whatever becomes of reflection.
  const leftMs = timeoutMs - (performance.now() - beganAtMs)
  if (params.usesReflection && vu.services.rehearsal !== undefined) client.usesReflection = true
  else if (params.usesReflection) await reflect(vu, client.schema, connection, params.reflectMetadata, leftMs, vuTags)
}

/** Loads what the server tells of its services. */
async function reflect(
  vu: VuContext,
  schema: Schema,
  connection: Connection,
  metadata: Metadata,
  timeoutMs: number,
  vuTags: TagSet,
): Promise<void> {
  const tags = unnamedCall(connection, vuTags)
  const { signal } = vu.abort
  await turnOf(vu, signal)
  const observerOf = (path: string) => debugObserver(vu, () => builtInMethod(path))
  const onCall = (status: number, durationMs: number, remoteIp: string | undefined) => {
    if (!signal.aborted) addDuration(vu, tags, status, durationMs, remoteIp)
  }
  const descriptors = await reflectedDescriptors(connection, {
    ...{ metadata, timeoutMs, signal, onCall, observerOf },
    onOpen: (path) => vu.services.gate.checkMethod(path.slice(1), vu.id),
  })
  try {
    schema.loadDescriptors(descriptors)
  } catch (e) {
    if (!isAppError(e)) throw e
    throw new GuestError('GoError', `can't convert method info: ${e.message}`)
  }
}

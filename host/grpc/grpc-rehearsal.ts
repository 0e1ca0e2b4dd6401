/**
 * What `k6/net/grpc` needs besides in a check: findings about calls, answers for calls that could not be made, and the
 * fields that messages have. Its guest half is modules/internal/grpc-rehearsal.ts.
 */

import { meant } from '../../policy/nearest-name.js'
import { GuestError } from '../../runtime/guest-error.js'
import { defineHostModule, text } from '../../runtime/host-module.js'
import type { Crossing } from '../../runtime/js-value.js'
import { rehearsalOf } from '../rehearsal/rehearsal-module.js'
import type { VuContext } from '../vu-context.js'
import { callParamNames } from './call-params.js'
import { connectParamNames } from './connect-params.js'
import { hasFreeForm } from './example-message.js'
import type { GrpcClient } from './grpc-vu.js'
import { answersFrom, exampleOf } from './rehearsed-answers.js'
import type { FieldDescriptor, MessageDescriptor } from './schema/descriptors.js'
import type { MethodDescriptor } from './schema/schema.js'
import { RehearsalTransport } from './transports/rehearsal-transport.js'

const mostTypes = 1000

function methodOf({ schema }: GrpcClient, name: Crossing): MethodDescriptor | undefined {
  return typeof name === 'string' ? schema.method(name) : undefined
}

/** @throws {GuestError} for a method that the guest did not ask about before */
function knownMethod(client: GrpcClient, name: Crossing): MethodDescriptor {
  const method = methodOf(client, name)
  if (method === undefined) throw new GuestError('TypeError', 'unknown method')
  return method
}

/** What the script may have meant where a call was refused with this text. */
function hintFor(client: GrpcClient, name: Crossing, why: string): { hint?: string } {
  const [, kind, param = ''] = /unknown (connect param|param): "([^"\\]*)"$/.exec(why) ?? []
  if (kind !== undefined) return meant(param, kind === 'param' ? callParamNames : connectParamNames)
  if (typeof name !== 'string') return {}
  const method = client.schema.method(name)
  if (method === undefined) return meant(name.startsWith('/') ? name : `/${name}`, client.schema.methodPaths())
  const unknown = /unknown field "([^"\\]*)"/.exec(why)?.[1]
  return unknown === undefined ? {} : meant(unknown, fieldNames(method.input.descriptor))
}

/** The names of the fields of a message and of the messages in it. */
function fieldNames(root: MessageDescriptor): Set<string> {
  const names = new Set<string>()
  const seen = new Set([root])
  // Grows while it is gone through.
  for (const { fields } of seen) {
    for (const { jsonName, message } of fields) {
      names.add(jsonName)
      if (message !== undefined && seen.size < mostTypes) seen.add(message)
    }
  }
  return names
}

/** What the guest half must know of a field to look after its value: the type of the messages in it, and if it is a map. */
function shapeOf({ message }: FieldDescriptor): [type: string, isMap: boolean] {
  if (message === undefined) return ['', false]
  if (!message.isMapEntry) return [message.fullName, false]
  return [message.fields[1]?.message?.fullName ?? '', true]
}

export const grpcRehearsal = defineHostModule<VuContext>('grpcRehearsal', {
  /** A call was refused. A method that only a server could know is none to complain of. */
  refused(vu, id, method, why, frames) {
    const client = vu.grpc.client(id)
    const reason = text(why, 'reason')
    const isUnknown = client.usesReflection && typeof method === 'string' && methodOf(client, method) === undefined
    if (!isUnknown) rehearsalOf(vu).find('error', reason, text(frames, 'frames'), hintFor(client, method, reason))
    return undefined
  },

  connected(vu, id, frames) {
    if (!vu.grpc.client(id).usesReflection) return undefined
    rehearsalOf(vu).find(
      'notice',
      'server reflection needs a server: calls of methods that no file describes are not checked',
      text(frames, 'frames'),
      { hint: 'load() the .proto files to have them checked' },
    )
    return undefined
  },

  /** Gives a client a connection after all, so that one mistake is told once. */
  async pretendConnection(vu, id) {
    rehearsalOf(vu)
    const client = vu.grpc.client(id)
    if (client.connection !== undefined) return undefined
    const { runtime } = vu.grpc
    const connection = await new RehearsalTransport(answersFrom(client.schema)).connect({
      address: 'rehearsal.invalid:443',
      isPlaintext: true,
      timeoutMs: 1,
      resolver: runtime.resolver,
    })
    vu.grpc.adopt(connection, false)
    client.connection = connection
    return undefined
  },

  /** JSON of an example of what a method answers; undefined for an unknown method. */
  answer(vu, id, name) {
    const method = methodOf(vu.grpc.client(id), name)
    return method?.output.decode(exampleOf(method.output))
  },

  /** JSON of an example of what a method takes. */
  request(vu, id, name) {
    const { input } = knownMethod(vu.grpc.client(id), name)
    return input.decode(exampleOf(input))
  },

  /** @throws {GuestError} with k6's text for a message that cannot be sent */
  checkMessage(vu, id, name, json) {
    try {
      knownMethod(vu.grpc.client(id), name).input.encode(text(json, 'message'))
    } catch (e) {
      if (e instanceof GuestError) throw e
      throw new GuestError('GoError', `can't serialise request object to protocol buffer: ${(e as Error).message}`)
    }
    return undefined
  },

  /** The full name of the type that a method answers with. */
  responseType: (vu, id, name) => methodOf(vu.grpc.client(id), name)?.output.fullName,

  /** JSON of the fields of a type, by name; undefined for one whose JSON has keys of its own. */
  fields(vu, id, type) {
    const descriptor = vu.grpc.client(id).schema.resolve(text(type, 'type'))
    if (descriptor === undefined || hasFreeForm(descriptor)) return undefined
    return JSON.stringify(Object.fromEntries(descriptor.fields.map((field) => [field.jsonName, shapeOf(field)])))
  },

  /** The script read something that a message never has. */
  unknownField(vu, id, type, name, frames) {
    const descriptor = vu.grpc.client(id).schema.resolve(text(type, 'type'))
    const field = text(name, 'name')
    const names = descriptor?.fields.map(({ jsonName }) => jsonName) ?? []
    const what = `${descriptor?.fullName} has no field ${JSON.stringify(field.slice(0, 100))}`
    rehearsalOf(vu).find('warning', what, text(frames, 'frames'), meant(field, names))
    return undefined
  },

  /** The script read something that a response never has. */
  unknownMember(vu, name, frames) {
    const field = text(name, 'name')
    const names = ['message', 'error', 'headers', 'trailers', 'status']
    const what = `a response has no property ${JSON.stringify(field.slice(0, 100))}`
    rehearsalOf(vu).find('warning', what, text(frames, 'frames'), meant(field, names))
    return undefined
  },
})

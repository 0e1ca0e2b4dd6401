/**
 * The types of test/protos for the tests of the JSON mapping.
 */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type MessageType, Schema } from '../../../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../../../host/grpc/schema/schema-cache.js'
import { packageRoot } from '../../../../package-root.js'

const protoset = readFileSync(join(packageRoot, 'test/protos/kinds.protoset'))
const schema = new Schema(new SchemaCache())
schema.loadProtoset(protoset, 'kinds.protoset')

/** One of our types, such as `kinds.All`. */
export function ourType(name: string): MessageType {
  const type = schema.messageType(name)
  assert.ok(type, name)
  return type
}

/** The hex of what our type makes of some JSON. */
export function hexOf(name: string, json: unknown): string {
  return Buffer.from(ourType(name).encode(JSON.stringify(json))).toString('hex')
}

/** The JSON value of some hex. */
export function jsonOf(name: string, hex: string): Record<string, unknown> {
  return JSON.parse(ourType(name).decode(Buffer.from(hex, 'hex'))) as Record<string, unknown>
}

/** The JSON value that comes back when it goes to bytes and home again. */
export function echo(name: string, json: unknown): Record<string, unknown> {
  return JSON.parse(ourType(name).decode(ourType(name).encode(JSON.stringify(json)))) as Record<string, unknown>
}

/**
 * The example server's .proto files, loaded once. Each lies beside the example script that loads it as well.
 * Messages keep the field names of the .proto, because reflection would otherwise tell changed ones.
 * proto-loader generates code from the schema, so a process with --disallow-code-generation-from-strings cannot load this.
 */
import { join } from 'node:path'
import {
  loadSync,
  type MessageTypeDefinition,
  type PackageDefinition,
  type ServiceDefinition,
} from '@grpc/proto-loader'
import { packageRoot } from '../../package-root.js'

const protoFiles = [
  'quickpizza/quickpizza.proto',
  'authorization/auth.proto',
  'authorization/orders.proto',
  'single-connection/hello.proto',
  'server/traffic.proto',
  'server/status.proto',
].map((file) => join(packageRoot, 'examples', file))

/** Everything that the .proto files declare, by full name. */
export const schema: PackageDefinition = loadSync(protoFiles, {
  keepCase: true,
  defaults: true,
  longs: Number,
  enums: String,
})

/** google.protobuf.Timestamp as proto-loader knows it. */
export interface Timestamp {
  seconds: number
  nanos: number
}

/** A moment as the protobuf message of the same meaning. */
export function timestampOf(epochMs: number): Timestamp {
  const seconds = Math.floor(epochMs / 1000)
  return { seconds, nanos: (epochMs - seconds * 1000) * 1_000_000 }
}

/** The declaration of a service, such as `hello.HelloService`. */
export function serviceNamed(fullName: string): ServiceDefinition {
  const found = schema[fullName]
  if (found === undefined || 'format' in found) throw new Error(`no service ${fullName} in the example protos`)
  return found as ServiceDefinition
}

/** The bytes of a message of the type with this full name. */
export function encode(fullName: string, message: object): Buffer {
  const found = schema[fullName]
  if (found === undefined || !('serialize' in found)) throw new Error(`no message ${fullName} in the example protos`)
  return (found as MessageTypeDefinition<object, object>).serialize(message)
}

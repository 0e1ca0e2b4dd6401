/**
 * What one grpc.Client has loaded: its methods, and the message types that Any and error details may name.
 * It must not know connections; parsing and sharing is the cache's work, JSON the mapper's.
 */

import type { SplitJson } from '../protojson/apart-texts.js'
import { MessageEncoder } from '../protojson/json-to-wire.js'
import { type JsonOptions, MessageDecoder } from '../protojson/wire-to-json.js'
import { prototext } from '../prototext/prototext.js'
import type { MessageDescriptor, TypeResolver } from './descriptors.js'
import { errorDetailsJson } from './error-details.js'
import { readRpcStatus } from './rpc-status.js'
import type { LinkedSet, ReadFile, SchemaCache } from './schema-cache.js'
import { SchemaError } from './schema-error.js'

export type { ReadFile } from './schema-cache.js'

/** A method as load() tells a script of it; the order of the keys is k6's. */
export interface MethodInfo {
  package: string
  service: string
  full_method: string
  name: string
  is_client_stream: boolean
  is_server_stream: boolean
}

/** A message type seen from one client: JSON in and out, with Any resolved among the types of this client. */
export interface MessageType {
  readonly fullName: string
  readonly descriptor: MessageDescriptor
  /**
   * JSON text into protobuf bytes.
   *
   * @throws {ProtoJsonError} with Go's text, `proto:` and a no-break space in front
   */
  encode(json: string): Uint8Array
  /**
   * Protobuf bytes into JSON text, unset fields included.
   *
   * @throws {WireError} when the bytes are no such message, {@link ProtoJsonError} when it has no JSON form
   */
  decode(bytes: Uint8Array): string
  /** The same with long strings apart from the JSON, if there are any that are worth it. */
  decodeApart(bytes: Uint8Array): string | SplitJson
  /**
   * Protobuf bytes as text for people, of at most `maxBytes` and a note of what is left out; see prototext/.
   *
   * @throws {MalformedWire}
   */
  toText(bytes: Uint8Array, maxBytes: number): string
  /** The JSON of zero bytes. Throws like decode, for a message with required fields or a bare Value. */
  empty(): string
}

export interface MethodDescriptor {
  /** `/pkg.Svc/Method` */
  path: string
  /** `pkg.Svc` */
  service: string
  name: string
  isClientStream: boolean
  isServerStream: boolean
  input: MessageType
  output: MessageType
}

/** Accumulates over calls: a method loaded again replaces the earlier one, a message type stays the first. */
export class Schema implements TypeResolver {
  #size = 0
  private readonly methods = new Map<string, MethodDescriptor>()
  private readonly descriptors = new Map<string, MessageDescriptor>()
  private readonly types = new Map<MessageDescriptor, MessageType>()

  constructor(
    private readonly cache: SchemaCache,
    private readonly options: Partial<JsonOptions> = {},
    /** Messages and methods that this schema and others have together. */
    private readonly room: { used: number } = { used: 0 },
  ) {}

  /** Nobody needs it any more. */
  forget(): void {
    this.room.used -= this.#size
    this.#size = 0
  }

  /**
   * Loads .proto files and returns the methods of all their services and of those they import.
   *
   * @throws {SchemaError}
   */
  load(
    importPaths: readonly string[],
    files: readonly string[],
    base: { directory: string; read: ReadFile; shownPath?: (absolutePath: string) => string },
  ): MethodInfo[] {
    const { directory, read, shownPath } = base
    return files.length === 0 ? [] : this.add(this.cache.load(importPaths, files, directory, read, shownPath))
  }

  /**
   * Loads a serialized FileDescriptorSet.
   *
   * @throws {SchemaError}
   */
  loadProtoset(bytes: Uint8Array, pathAsGiven: string): MethodInfo[] {
    return this.add(this.cache.loadProtoset(bytes, pathAsGiven))
  }

  /**
   * Loads serialized FileDescriptorProtos in any order, as server reflection sends them; imports that are missing are ignored.
   *
   * @throws {SchemaError}
   */
  loadDescriptors(serializedFiles: readonly Uint8Array[]): MethodInfo[] {
    return this.add(this.cache.loadDescriptors(serializedFiles))
  }

  /** The method of a path such as `/pkg.Svc/Method`; the leading slash may be missing. */
  method(name: string): MethodDescriptor | undefined {
    return this.methods.get(name.startsWith('/') ? name : `/${name}`)
  }

  /** The paths of all methods, `/pkg.Svc/Method`. */
  methodPaths(): Iterable<string> {
    return this.methods.keys()
  }

  /** A loaded message type by its full name without a leading dot. */
  messageType(fullName: string): MessageType | undefined {
    const descriptor = this.descriptors.get(fullName)
    return descriptor === undefined ? undefined : this.typeOf(descriptor)
  }

  /** For the mapper, which expands Any with it: a loaded type by its full name. */
  resolve(fullName: string): MessageDescriptor | undefined {
    return this.descriptors.get(fullName)
  }

  /**
   * The JSON of a serialized google.rpc.Status, `{"code":…,"message":…,"details":[…]}`; undefined when it is malformed or the
   * type of a detail is not loaded, where k6 shows an empty object.
   */
  statusDetails(googleRpcStatusBytes: Uint8Array): string | undefined {
    return readRpcStatus(googleRpcStatusBytes)?.toJson(this, this.options)
  }

  /** The details of a serialized google.rpc.Status as a JSON list, whether their types are loaded or not. Never throws. */
  errorDetails(googleRpcStatusBytes: Uint8Array): string {
    return errorDetailsJson(readRpcStatus(googleRpcStatusBytes)?.details ?? [], this, this.options)
  }

  private add(set: LinkedSet): MethodInfo[] {
    const infos: MethodInfo[] = []
    const before = this.#size
    const size = this.descriptors.size + this.methods.size + sizeOf(set)
    if (this.room.used - before + size > maxDescribed) {
      throw new SchemaError(`the clients of a VU may have ${maxDescribed} messages and methods, the limit`)
    }
    for (const file of set.files) {
      for (const message of file.messages) {
        if (!this.descriptors.has(message.fullName)) this.descriptors.set(message.fullName, message)
      }
      for (const service of file.services) {
        for (const { name, isClientStream, isServerStream, input, output } of service.methods) {
          const path = `/${service.fullName}/${name}`
          const [inputType, outputType] = [this.typeOf(input), this.typeOf(output)]
          const streams = { isClientStream, isServerStream }
          this.methods.set(path, {
            path,
            service: service.fullName,
            name,
            ...streams,
            input: inputType,
            output: outputType,
          })
          infos.push({
            package: service.package,
            service: service.name,
            full_method: path,
            name,
            is_client_stream: isClientStream,
            is_server_stream: isServerStream,
          })
        }
      }
    }
    this.#size = this.descriptors.size + this.methods.size
    this.room.used += this.#size - before
    return infos
  }

  private typeOf(descriptor: MessageDescriptor): MessageType {
    const known = this.types.get(descriptor)
    if (known !== undefined) return known
    const created = new BoundType(descriptor, this, this.options)
    this.types.set(descriptor, created)
    return created
  }
}

/** Messages and methods of the schemas that share their room. */
const maxDescribed = 500_000

function sizeOf({ files }: LinkedSet): number {
  const methods = (services: LinkedSet['files'][number]['services']) =>
    services.reduce((sum, service) => sum + service.methods.length, 0)
  return files.reduce((sum, { messages, services }) => sum + messages.length + methods(services), 0)
}

/** Encoder and decoder, shared by all clients, with the resolver of one. */
class BoundType implements MessageType {
  private encoder: MessageEncoder | undefined
  private decoder: MessageDecoder | undefined

  constructor(
    readonly descriptor: MessageDescriptor,
    private readonly resolver: TypeResolver,
    private readonly options: Partial<JsonOptions>,
  ) {}

  get fullName(): string {
    return this.descriptor.fullName
  }

  encode(json: string): Uint8Array {
    this.encoder ??= MessageEncoder.of(this.descriptor)
    return this.encoder.encode(json, this.resolver)
  }

  decode(bytes: Uint8Array): string {
    this.decoder ??= MessageDecoder.of(this.descriptor)
    return this.decoder.decode(bytes, this.resolver, this.options)
  }

  decodeApart(bytes: Uint8Array): string | SplitJson {
    this.decoder ??= MessageDecoder.of(this.descriptor)
    return this.decoder.decodeApart(bytes, this.resolver, this.options)
  }

  toText(bytes: Uint8Array, maxBytes: number): string {
    return prototext(this.descriptor, bytes, this.resolver, maxBytes)
  }

  empty(): string {
    return this.decode(new Uint8Array())
  }
}

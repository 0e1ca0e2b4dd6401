/**
 * The linked schema: messages, enums and services with every name resolved and every feature decided.
 * Text, descriptor sets and reflection all end here, and the JSON mapping starts here. It must not know where it came from.
 */

import type { ScalarKind } from './file-descriptor.js'

export interface EnumDescriptor {
  readonly fullName: string
  /** Numbers by value name. */
  readonly numberByName: ReadonlyMap<string, number>
  /** Value names by number; the first one declared where several share a number. */
  readonly nameByNumber: ReadonlyMap<number, string>
}

export interface FieldDescriptor {
  readonly name: string
  readonly fullName: string
  readonly jsonName: string
  /** The other name that JSON input may use: the declared name, or for a group the name of its message. */
  readonly textName: string
  readonly number: number
  /** Position in the message, which is also the order of JSON output. */
  readonly index: number
  readonly kind: ScalarKind | 'enum' | 'message' | 'group'
  readonly isRepeated: boolean
  readonly isRequired: boolean
  /** True when an unset field differs from one set to its zero value. */
  readonly hasPresence: boolean
  readonly isPacked: boolean
  /** True when bytes that are not UTF-8 make the message malformed. */
  readonly mustBeUtf8: boolean
  /** True for a group in the old sense, which JSON input may name by its message. */
  readonly isGroupLike: boolean
  /** The oneof that it belongs to, the synthetic one of a proto3 `optional` included. */
  readonly oneof: OneofDescriptor | undefined
  /** Set when kind is message or group. */
  readonly message: MessageDescriptor | undefined
  /** Set when kind is enum. */
  readonly enum: EnumDescriptor | undefined
}

export interface OneofDescriptor {
  readonly fullName: string
  /** Indexes of its members. */
  readonly members: readonly number[]
}

export interface MessageDescriptor {
  readonly fullName: string
  readonly fields: readonly FieldDescriptor[]
  readonly isMapEntry: boolean
  /** The proto1 message-set format, which has no JSON form. */
  readonly isMessageSet: boolean
}

export interface LinkedMethod {
  readonly name: string
  readonly isClientStream: boolean
  readonly isServerStream: boolean
  readonly input: MessageDescriptor
  readonly output: MessageDescriptor
}

export interface ServiceDescriptor {
  readonly package: string
  readonly name: string
  readonly fullName: string
  readonly methods: readonly LinkedMethod[]
}

/** A field that is declared outside its message. JSON does not know extensions, options do. */
export interface ExtensionDescriptor extends FieldDescriptor {
  readonly extendee: MessageDescriptor
}

/** One file after linking. */
export interface LinkedFile {
  readonly name: string
  readonly services: readonly ServiceDescriptor[]
  /** All its messages, nested ones included. */
  readonly messages: readonly MessageDescriptor[]
  /** All its extensions: those of a message after those of the messages in it, in the order of the text. */
  readonly extensions: readonly ExtensionDescriptor[]
}

/** Finds message types by full name, for google.protobuf.Any: each client has its own. */
export interface TypeResolver {
  resolve(fullName: string): MessageDescriptor | undefined
}

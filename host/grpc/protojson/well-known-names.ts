/**
 * Names of the well-known types that have a JSON form of their own, for both directions of the mapping.
 */

/** The scalar kinds that have a wrapper message. */
export const wrappedKinds = [
  'double',
  'float',
  'int64',
  'uint64',
  'int32',
  'uint32',
  'bool',
  'string',
  'bytes',
] as const

/** The wrapper of a scalar kind: `uint64` gives `google.protobuf.UInt64Value`. */
export function wrapperName(kind: (typeof wrappedKinds)[number]): string {
  const capital = kind.startsWith('uint') ? `UI${kind.slice(2)}` : kind[0]!.toUpperCase() + kind.slice(1)
  return `google.protobuf.${capital}Value`
}

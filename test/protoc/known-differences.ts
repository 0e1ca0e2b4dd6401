/**
 * Where belljar reads a text otherwise than protoc 3.21 does, on purpose: k6 is the measure, and its compiler has the rules of
 * later versions of protoc. Each entry is a rule, with the message of the one who refuses.
 */

interface Difference {
  why: string
  refusedBy: 'protoc' | 'belljar'
  message: RegExp
}

const differences: readonly Difference[] = [
  {
    why: 'JSON names are compared as they are; 3.21 left out case and underscores',
    refusedBy: 'protoc',
    message: /The JSON camel-case name of field .* conflicts with field/,
  },
  {
    why: 'JSON names that a text gives are compared too',
    refusedBy: 'belljar',
    message: /: (custom|default) JSON name .* conflicts with (custom|default) JSON name/,
  },
  { why: 'names of extensions in JSON', refusedBy: 'belljar', message: /json_name value cannot start with '\['/ },
  { why: 'no zero in JSON names', refusedBy: 'belljar', message: /json_name value cannot contain a null character/ },
  {
    why: 'entries of maps are made by maps alone',
    refusedBy: 'belljar',
    message: /map_entry option should not be set/,
  },
  { why: 'ranges have two ends in order', refusedBy: 'belljar', message: /range, .* is invalid: start must be <= end/ },
  {
    why: 'ranges are of numbers that fields may have',
    refusedBy: 'belljar',
    message: /range (start|end) .* out of range/,
  },
  { why: 'reserved names are names', refusedBy: 'belljar', message: /reserved name .* is not a valid identifier/ },
  {
    why: 'a message set is for extensions',
    refusedBy: 'belljar',
    message: /must contain at least one extension range/,
  },
  { why: 'escapes mean a byte or a character', refusedBy: 'belljar', message: /invalid escape sequence: \\(U|[4-7])/ },
  { why: 'a comment may have /* in it', refusedBy: 'protoc', message: /inside block comment/ },
  {
    why: 'closed enums in maps may have any first value',
    refusedBy: 'protoc',
    message: /Enum value in map must define 0/,
  },
  { why: '-0 is 0', refusedBy: 'protoc', message: /Unsigned field can't have negative default value/ },
  { why: 'a number too large for an integer is a float', refusedBy: 'protoc', message: /^[^ ]+ Integer out of range/ },
  { why: 'infinity has a sign', refusedBy: 'protoc', message: /Invalid '-' symbol before identifier/ },
  {
    why: 'a repeated field of proto3 may have an enum of proto2',
    refusedBy: 'protoc',
    message: /is not a proto3 enum, but is used in/,
  },
]

/** Whether this refusal, which the other one does not share, is a known one. */
export function isKnownDifference(refusedBy: Difference['refusedBy'], message: string): boolean {
  const errors = message.split('\n').filter((line) => line !== '' && !/warning/i.test(line))
  return (
    errors.length > 0 &&
    errors.every((line) => differences.some((d) => d.refusedBy === refusedBy && d.message.test(line)))
  )
}

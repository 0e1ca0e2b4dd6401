/** Texts that mean harm, for the grammars of several targets. */
import fc, { type Arbitrary } from 'fast-check'

/** What ends a line, moves a cursor, turns the direction of reading, ends a tag or a cell. */
export const hostileParts: readonly string[] = [
  ...[
    '\u0000',
    '\n',
    '\r\n',
    '\t',
    '\u001b[2J',
    '\u001b]52;c;eA==\u0007',
    '\u009b31m',
    '\u007f',
    '\u0085',
    '\u2028',
    '\u2029',
  ],
  ...[
    '\u202e',
    '\u2066',
    '\u200e',
    '\u061c',
    '\ufeff',
    '\ud800',
    '\udfff',
    '😀',
    'é',
    '</script>',
    '<!--',
    '"',
    "'",
    '\\',
    ',',
  ],
  ...[
    '=cmd()',
    '+1',
    '-1',
    '@x',
    '%1b',
    '%',
    '__proto__',
    'constructor',
    '#{x}',
    '{{x}}',
    '\\u0000',
    ' ',
    ';',
    '&',
    '=',
    '|',
  ],
]

export const hostileText: Arbitrary<string> = fc
  .array(fc.oneof(fc.constantFrom(...hostileParts), fc.string({ maxLength: 6 })), { maxLength: 6 })
  .map((parts) => parts.join(''))

/** A key of an object, among them those that JavaScript knows. */
export const hostileKey: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'hasOwnProperty',
    '',
    '0',
    'length',
    'then',
    'toJSON',
  ),
  hostileText,
)

/** Characters that must not leave the program as they are: C0 but tab, DEL, C1, line separators, bidi controls. */
export const rawControl =
  /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/

/** A JSON value of any shape, as text. */
export const hostileJson: Arbitrary<string> = fc.oneof(
  { weight: 8, arbitrary: fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.constantFrom(100, 5000, 20_000).map((n) => '['.repeat(n) + ']'.repeat(n)) },
  { weight: 1, arbitrary: fc.constantFrom(100, 5000).map((n) => `${'{"a":'.repeat(n)}1${'}'.repeat(n)}`) },
)

/** One small mistake in a .proto text, by chance: most are refused, some say something else. */

import type { Random } from './random.js'

const token = /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|\/\/.*|\/\*[\s\S]*?\*\/|\s+|[\w.]+|[^\w\s]/g
const pool = [
  ';',
  '{',
  '}',
  '=',
  '[',
  ']',
  '(',
  ')',
  '<',
  '>',
  ',',
  '.',
  '-',
  '+',
  ':',
  '"',
  '/',
  '0',
  '1',
  '-1',
  '2147483648',
  '0x10',
  '1.5',
  'x',
  '"x"',
]
const words = [
  ...[
    'message',
    'enum',
    'oneof',
    'map',
    'group',
    'extend',
    'extensions',
    'reserved',
    'service',
    'rpc',
    'returns',
    'stream',
    'option',
  ],
  ...[
    'optional',
    'repeated',
    'required',
    'import',
    'public',
    'package',
    'syntax',
    'to',
    'max',
    'default',
    'true',
    'inf',
    'deprecated',
  ],
  ...['int32', 'string', 'double', 'packed', 'json_name', 'google', '.google'],
]

/** The text with one of its tokens left out, doubled, changed or exchanged. */
export function mutate(text: string, random: Random): string {
  const tokens = text.match(token) ?? []
  const places = tokens.flatMap((t, i) => (/^(\s|\/\/|\/\*)/.test(t) ? [] : [i]))
  if (places.length === 0) return text
  const at = random.pick(places)
  const other = random.pick(places)
  const old = tokens[at]!
  switch (random.integer(0, 7)) {
    case 0:
      tokens[at] = ''
      break
    case 1:
      tokens[at] = `${old} ${old}`
      break
    case 2:
      tokens[at] = tokens[other]!
      break
    case 3:
      ;[tokens[at], tokens[other]] = [tokens[other]!, old]
      break
    case 4:
      tokens[at] = random.pick(pool)
      break
    case 5:
      tokens[at] = random.pick(words)
      break
    case 6:
      tokens[at] = `${random.pick([...pool, ...words])} ${old}`
      break
    default:
      tokens[at] = withOtherCharacter(old, random)
  }
  return tokens.join('')
}

function withOtherCharacter(old: string, random: Random): string {
  const at = random.integer(0, old.length - 1)
  const character = random.pick([...'aZ09_.\\"\'x', ''])
  return old.slice(0, at) + character + old.slice(at + 1)
}

/** Blanks and comments at random places of a .proto text, which must not change what it says. */

import type { Random } from './random.js'

const plain = [' ', '\n', '\t', '\r\n', '  ']
const comments = [' /* a comment; { */ ', ' // "to the end\n', '/**/ ', '/* two\n * lines */ ', '\n///{\n']

/** Puts other blanks in place of those outside strings, and some around symbols. */
export function decorate(text: string, random: Random): string {
  const blank = () => random.pick(random.chance(0.8) ? plain : comments)
  return text.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|\s+|[;{}=[\](),<>]/g, (found) => {
    if (/^["']/.test(found)) return found
    if (/^\s/.test(found)) return blank()
    return random.chance(0.1) ? `${blank()}${found}${blank()}` : found
  })
}

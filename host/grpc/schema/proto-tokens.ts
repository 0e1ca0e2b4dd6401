/**
 * .proto text as a row of tokens, each with its place: what protobufjs does not keep, and what limits are counted on before it
 * works. It must not know the grammar; strings are unescaped here, comments are gone, and a dotted name is one token.
 */

import type { Position, WrittenValue } from './file-descriptor.js'
import { SchemaError } from './schema-error.js'

/** The text has no blanks inside; the offset is where it begins, in UTF-16 units of the file's text. */
export type Token = WrittenValue

const wordStart = /[A-Za-z_]/
const word = /[A-Za-z_][A-Za-z0-9_]*/y
const number = /0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?/y
const blank = /[ \t\r\n\f\v]+|\/\/[^\n]*|\/\*[\s\S]*?\*\//y
/** Words in front of a type, which may begin with a dot that is then no part of a dotted name. */
const beforeTypes = new Set(['optional', 'required', 'repeated', 'extend'])
const symbols = ';,.:=-+(){}[]<>/'
const simpleEscapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '?': '?',
}

/** Decimal digits of more than 64 bits are no integer: k6 reads them as a float. */
function fits64Bits(text: string): boolean {
  if (!/^[0-9]{1,20}$/.test(text)) return false
  return text.length < 20 || text <= '18446744073709551615'
}

/** The tokens of one file. Errors are SchemaErrors that begin with `file:line:column: `. */
export class ProtoTokens {
  /** All tokens up to the end or the fault; the last one is of kind `end`. */
  readonly list: readonly Token[]
  /** What is wrong with the text as a row of tokens, at the place of the last one. */
  readonly fault: SchemaError | undefined
  private position = 0

  constructor(
    readonly fileName: string,
    private readonly text: string,
  ) {
    if (text.charCodeAt(0) === 0xfeff) this.position = 1
    const list: Token[] = []
    try {
      while (list.at(-1)?.kind !== 'end') list.push(this.next(list.at(-1)))
    } catch (e) {
      if (!(e instanceof SchemaError)) throw e
      this.fault = e
      list.push({ kind: 'end', text: '', offset: this.position })
    }
    this.list = list
  }

  /** Line and column of an offset: columns count bytes, and a tab goes to the next multiple of 8. */
  positionOf(offset: number): Position {
    let line = 1
    let lineStart = 0
    for (let i = this.text.indexOf('\n'); i >= 0 && i < offset; i = this.text.indexOf('\n', i + 1)) {
      line++
      lineStart = i + 1
    }
    let column = 0
    for (const byte of Buffer.from(this.text.slice(lineStart, offset))) column += byte === 9 ? 8 - (column % 8) : 1
    return { line, column: column + 1 }
  }

  /** An error at an offset of this file. */
  error(offset: number, message: string): SchemaError {
    const { line, column } = this.positionOf(offset)
    return new SchemaError(`${this.fileName}:${line}:${column}: ${message}`)
  }

  /** The error that the token at an index of the list should not stand where it does. */
  unexpected(index: number, expected?: string): SchemaError {
    const token = this.list[index]!
    const previous = this.list[index - 1]
    // A dot after a name was to be followed by more of it.
    if (token.kind === 'symbol' && token.text === '.' && previous?.kind === 'word')
      return this.unexpected(index + 1, 'identifier')
    if (token.kind === 'end' && this.fault !== undefined) return this.fault
    const more = expected === undefined ? '' : `, expecting ${expected}`
    return this.error(token.offset, `syntax error: unexpected ${show(token)}${more}`)
  }

  private next(previous: Token | undefined): Token {
    this.position = this.skipBlanks(this.position)
    const offset = this.position
    const c = this.text[offset]
    if (c === undefined) return { kind: 'end', text: '', offset }
    if (wordStart.test(c)) return this.name('', previous)
    if (this.isNumberAt(offset)) return this.number('', offset)
    if (c === '"' || c === "'") return { kind: 'string', ...this.strings(), offset }
    if (c === '/' && this.text[offset + 1] === '*')
      throw this.error(offset, 'syntax error: block comment never terminates, unexpected EOF')
    if (!symbols.includes(c))
      throw this.error(offset, `syntax error: invalid character ${quoteCharacter(this.text, offset)}`)
    const following = this.skipBlanks(offset + 1)
    const isBeforeWord = wordStart.test(this.text[following] ?? '')
    if (c === '.' && isBeforeWord) return this.name('', undefined)
    if (c === '-' || c === '+') {
      this.position = following
      if (isBeforeWord) return { ...this.name(c, undefined), offset }
      if (this.isNumberAt(following)) return { ...this.number(c, following), offset }
    }
    this.position = offset + 1
    return { kind: 'symbol', text: c, offset }
  }

  private skipBlanks(from: number): number {
    let position = from
    do {
      blank.lastIndex = position
      position += blank.exec(this.text)?.[0].length ?? 0
    } while (blank.lastIndex > 0)
    return position
  }

  private isNumberAt(at: number): boolean {
    return /^\.?[0-9]/.test(this.text.slice(at, at + 2))
  }

  private match(pattern: RegExp, at: number): string {
    pattern.lastIndex = at
    return pattern.exec(this.text)?.[0] ?? ''
  }

  /** A word, and what follows it with dots between. */
  private name(sign: string, previous: Token | undefined): Token {
    const offset = this.position
    const parts = [this.match(word, offset)]
    this.position += parts[0]!.length
    const before = previous === undefined ? ';' : previous.kind === 'symbol' ? previous.text : ''
    const isAlone = before === '(' ? parts[0] === 'stream' : /^[;{}]/.test(before) && beforeTypes.has(parts[0]!)
    for (;;) {
      const dot = this.skipBlanks(this.position)
      const part = this.skipBlanks(dot + 1)
      if (isAlone || this.text[dot] !== '.' || !wordStart.test(this.text[part] ?? '')) break
      parts.push(this.match(word, part))
      this.position = part + parts.at(-1)!.length
    }
    return { kind: 'word', text: sign + parts.join('.'), offset }
  }

  private number(sign: string, offset: number): Token {
    const text = this.match(number, offset)
    this.position = offset + text.length
    const kind = /^(?:0[xX]|0[0-9]*$)/.test(text) || fits64Bits(text) ? 'int' : 'float'
    const rest = this.text[this.position] ?? ''
    const isOctal = kind === 'int' && text.length > 1 && text[0] === '0' && !/^0[xX]/.test(text)
    if (/[A-Za-z0-9_]/.test(rest) || (isOctal && /[89]/.test(text))) {
      throw this.error(
        offset,
        `syntax error: invalid syntax in number: ${text}${/[A-Za-z0-9_]/.test(rest) ? rest : ''}`,
      )
    }
    return { kind, text: sign + text, offset }
  }

  /** One string; adjacent literals are one string. */
  private strings(): Pick<Token, 'text' | 'bytes'> {
    const parts: (string | number)[] = []
    for (;;) {
      const at = this.skipBlanks(this.position)
      const quote = this.text[at]
      if (quote !== '"' && quote !== "'") break
      this.position = at
      this.string(quote, parts)
    }
    if (!parts.some((part) => typeof part === 'number')) return { text: parts.join('') }
    // Bytes may be written one by one, and make characters together.
    const bytes = Buffer.from(parts.map(asBytes).join(''), 'latin1')
    return { text: bytes.toString('utf8'), bytes }
  }

  /** Adds what one literal means, bytes above 127 that escapes stand for as numbers. */
  private string(quote: string, out: (string | number)[]): void {
    const start = this.position
    let plain = ''
    let i = start + 1
    for (;;) {
      const c = this.text[i]
      if (c === undefined) throw this.error(start, 'syntax error: unexpected EOF, string literal never ends')
      if (c === '\n') throw this.error(i, 'syntax error: encountered end-of-line before end of string literal')
      if (c === '\0') throw this.error(i, 'syntax error: null character in string literal')
      if (c === quote) break
      if (c !== '\\') {
        plain += c
        i++
        continue
      }
      const [meaning, length] = this.escape(i)
      if (typeof meaning === 'number') {
        out.push(plain, meaning)
        plain = ''
      } else plain += meaning
      i += length
    }
    out.push(plain)
    this.position = i + 1
  }

  /** What the escape at `at` stands for, and its length. */
  private escape(at: number): [string | number, number] {
    const rest = this.text.slice(at + 1, at + 10)
    const simple = simpleEscapes[rest[0] ?? '']
    if (simple !== undefined) return [simple, 2]
    const coded = /^(?:[xX]([0-9a-fA-F]{1,2})|([0-7]{1,3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest)
    if (coded === null) throw this.error(at, `syntax error: invalid escape sequence: \\${rest[0] ?? ''}`)
    const [, hex, octal, short, long] = coded
    const value = octal === undefined ? Number.parseInt(hex ?? short ?? long!, 16) : Number.parseInt(octal, 8)
    const isByte = hex !== undefined || octal !== undefined
    if (value > (isByte ? 255 : 0x10ffff)) {
      throw this.error(at, `syntax error: invalid escape sequence: \\${coded[0]}`)
    }
    return [isByte && value > 127 ? value : String.fromCodePoint(value), coded[0].length + 1]
  }
}

/** A part of a string with a character for each of its bytes. */
function asBytes(part: string | number): string {
  if (typeof part === 'number') return String.fromCharCode(part)
  return /^[\0-\x7f]*$/.test(part) ? part : Buffer.from(part).toString('latin1')
}

function quoteCharacter(text: string, offset: number): string {
  const code = text.codePointAt(offset)!
  const isShown = code > 0x20 && code < 0x7f
  return isShown ? `'${String.fromCodePoint(code)}'` : `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
}

function show(token: Token): string {
  switch (token.kind) {
    case 'end':
      return 'EOF'
    case 'symbol':
      return `'${token.text}'`
    case 'word':
      return /^\w/.test(token.text) ? JSON.stringify(token.text.split('.')[0]) : `'${token.text[0]}'`
    case 'string':
      return 'string literal'
    default:
      return /^[-+]/.test(token.text) ? `'${token.text[0]}'` : `${token.kind} literal`
  }
}

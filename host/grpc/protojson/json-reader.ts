/**
 * Reads JSON text token by token, with the errors of Go's protojson: place by line and column, and its words.
 * It must not know protobuf types. Places are found only when something is wrong.
 */

import { goQuote } from '../../../go/quote.js'
import { numberToken } from './number-text.js'
import { ProtoJsonError } from './proto-json-error.js'

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const backslash = 0x5c
const closingBracket = 0x5d
const openingBrace = 0x7b
const closingBrace = 0x7d

const literalOrNumber = new RegExp(`${numberToken}|(?:null|true|false)(?![-+._a-zA-Z0-9])`, 'y')
const anyWord = /[-+._a-zA-Z0-9]{1,32}|[\s\S]/uy
// Pairs of surrogates are fine, but telling them from lone ones in each text would cost more than reading their strings slowly.
const unsafeCharacter = /[\u0000-\u001f\ud800-\udfff]/

/** What stands at a place of the text. */
export type TokenKind = 'string' | 'number' | 'true' | 'false' | 'null' | '{' | '['

export interface Token {
  kind: TokenKind
  /** As in the text, quotes and escapes included. */
  raw: string
  end: number
}

export class JsonReader {
  position = 0
  /** Where the key or value began that was read last. */
  start = 0
  /** The next backslash at or after the position, kept so that the text is searched once in all. */
  private escapeAt: number
  private readonly hasEscapes: boolean
  /** True when strings may hold what JSON forbids: raw control characters or lone surrogates. They are read bit by bit then. */
  private readonly isUnsafe: boolean

  constructor(readonly text: string) {
    this.escapeAt = text.indexOf('\\')
    this.hasEscapes = this.escapeAt >= 0
    this.isUnsafe = unsafeCharacter.test(text)
  }

  /** The code of the next character that is no blank, where the position is then; NaN at the end. */
  peek(): number {
    const { text } = this
    let code = text.charCodeAt(this.position)
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++this.position)
    return code
  }

  /** Passes the brace that opens an object. */
  openObject(): void {
    if (this.peek() !== openingBrace) throw this.unexpected()
    this.position++
  }

  /** Goes back to an earlier place. */
  rewind(position: number): void {
    this.position = position
    if (this.hasEscapes) this.escapeAt = this.text.indexOf('\\', position)
  }

  /** Passes the next key when it is the one given, with its quotes and colon and no blanks; otherwise the place stays. */
  passKey(isFirst: boolean, quoted: string): boolean {
    const { text } = this
    let at = this.position
    if (!isFirst && text.charCodeAt(at++) !== comma) return false
    if (!text.startsWith(quoted, at)) return false
    this.start = at
    this.position = at + quoted.length
    return true
  }

  /** The next key of an object, with the position after its colon, or undefined after its closing brace. */
  key(isFirst: boolean): string | undefined {
    let code = this.peek()
    if (code === closingBrace) {
      this.position++
      return undefined
    }
    if (!isFirst) {
      if (code !== comma) throw this.unexpectedWithin()
      this.position++
      code = this.peek()
    }
    this.start = this.position
    if (code !== quote) throw this.unexpectedWithin()
    const key = this.string()
    if (this.peek() !== colon) {
      if (this.position >= this.text.length) throw new ProtoJsonError('unexpected EOF')
      // Go shows the first byte of the character only, as if that were one.
      const found = String.fromCharCode(Buffer.from(this.text.slice(this.position, this.position + 2))[0]!)
      throw this.syntaxError(this.position, `unexpected character ${found}, missing ":" after field name`)
    }
    this.position++
    return key
  }

  /** Passes the bracket that opens an array. */
  openArray(): void {
    if (this.peek() !== 0x5b) throw this.unexpected()
    this.position++
  }

  /** True when another element follows, with the position before it; false after the closing bracket. */
  element(isFirst: boolean): boolean {
    const code = this.peek()
    if (code === closingBracket) {
      this.position++
      return false
    }
    if (isFirst) return true
    if (code !== comma) throw this.unexpectedWithin()
    this.position++
    if (this.peek() === closingBracket) throw this.unexpectedWithin()
    return true
  }

  /** The string that begins at the position. */
  string(): string {
    const { text } = this
    const from = this.position + 1
    const end = text.indexOf('"', from)
    if (this.escapeAt >= 0 && this.escapeAt < from) this.escapeAt = text.indexOf('\\', from)
    if (end < 0 || (this.escapeAt >= 0 && this.escapeAt < end) || this.isUnsafe) return this.escapedString()
    this.position = end + 1
    return text.slice(from, end)
  }

  private escapedString(): string {
    const { text } = this
    let out = ''
    let from = this.position + 1
    for (let i = from; ; i++) {
      const code = text.charCodeAt(i)
      if (code === quote) {
        this.position = i + 1
        return out + text.slice(from, i)
      }
      if (code === backslash) {
        const [part, length] = this.unescapeAt(i)
        out += text.slice(from, i) + part
        from = i + length
        i = from - 1
      } else if (code < 0x20) {
        throw this.syntaxError(this.position, `invalid character ${goRune(code)} in string`)
      } else if (code >= 0xd800 && code < 0xe000) {
        if (code >= 0xdc00 || !isLowSurrogate(text.charCodeAt(i + 1)))
          throw this.syntaxError(this.position, 'invalid UTF-8 in string')
        i++
      } else if (Number.isNaN(code)) {
        throw new ProtoJsonError('unexpected EOF')
      }
    }
  }

  /** What the escape at `at` means, and its length. */
  private unescapeAt(at: number): [string, number] {
    const { text } = this
    const letter = text[at + 1]
    const simple = '"\\/bfnrt'.indexOf(letter ?? ' ')
    if (simple >= 0) return ['"\\/\b\f\n\r\t'[simple]!, 2]
    if (letter === undefined) throw new ProtoJsonError('unexpected EOF')
    // The place of a bad escape is that of the string, as Go has not moved on yet.
    const bad = (code: string) => this.syntaxError(this.position, `invalid escape code ${goQuote(code)} in string`)
    if (letter !== 'u') throw bad(text.slice(at, at + 2))
    const unit = this.codeUnit(at)
    if (unit === undefined)
      throw at + 6 > text.length ? new ProtoJsonError('unexpected EOF') : bad(text.slice(at, at + 6))
    if (unit < 0xd800 || unit > 0xdfff) return [String.fromCharCode(unit), 6]
    if (at + 12 > text.length) throw new ProtoJsonError('unexpected EOF')
    const low = text[at + 6] === '\\' && text[at + 7] === 'u' ? this.codeUnit(at + 6) : undefined
    if (unit >= 0xdc00 || low === undefined || !isLowSurrogate(low)) throw bad(text.slice(at + 6, at + 12))
    return [String.fromCharCode(unit, low), 12]
  }

  private codeUnit(at: number): number | undefined {
    const digits = this.text.slice(at + 2, at + 6)
    return /^[0-9a-fA-F]{4}$/.test(digits) ? Number.parseInt(digits, 16) : undefined
  }

  /** The word `true`, `false` or `null` at the position, passed; undefined when it is another token. */
  literal(): 'true' | 'false' | 'null' | undefined {
    const code = this.peek()
    if (code !== 0x74 && code !== 0x66 && code !== 0x6e) return undefined
    const { kind, end } = this.token()
    this.start = this.position
    this.position = end
    return kind as 'true' | 'false' | 'null'
  }

  /** The text of the number at the position, passed; undefined when it is another token. */
  number(): string | undefined {
    const code = this.peek()
    if (code !== 0x2d && !(code >= 0x30 && code <= 0x39)) return undefined
    const { raw, end } = this.token()
    this.start = this.position
    this.position = end
    return raw
  }

  /** The token at the position, which stays. Throws where Go finds none that may begin a value. */
  token(): Token {
    const code = this.peek()
    const { text, position } = this
    if (code === quote) {
      this.string()
      const end = this.position
      this.rewind(position)
      return { kind: 'string', raw: text.slice(position, end), end }
    }
    if (code === openingBrace || code === 0x5b)
      return { kind: text[position] as '{' | '[', raw: text[position]!, end: position + 1 }
    literalOrNumber.lastIndex = position
    const raw = literalOrNumber.exec(text)?.[0]
    if (raw === undefined) throw this.unexpectedWithin()
    const isWord = raw === 'null' || raw === 'true' || raw === 'false'
    return { kind: isWord ? raw : 'number', raw, end: position + raw.length }
  }

  /** Passes one value of any kind, without recursion. */
  skipValue(maxDepth: number): void {
    const open: number[] = []
    for (;;) {
      const { kind, end } = this.token()
      this.position = end
      if (kind === '{' || kind === '[') {
        if (open.push(kind === '{' ? closingBrace : closingBracket) > maxDepth) {
          throw new ProtoJsonError('exceeded max recursion depth')
        }
        if (this.startsMember(open, true)) continue
      }
      let isNext = false
      while (open.length > 0 && !isNext) isNext = this.startsMember(open, false)
      if (!isNext) return
    }
  }

  /** Moves to the next value of the innermost open container; false when there is none, and the container is closed. */
  private startsMember(open: number[], isFirst: boolean): boolean {
    const isObject = open[open.length - 1] === closingBrace
    const hasMore = isObject ? this.key(isFirst) !== undefined : this.element(isFirst)
    if (!hasMore) open.pop()
    return hasMore
  }

  /** Refuses anything but blanks after the value. */
  end(): void {
    if (!Number.isNaN(this.peek())) throw this.unexpectedWithin()
  }

  /** `syntax error (line L:C): unexpected token T` for the token at the position, or what Go finds wrong with that. */
  unexpected(): ProtoJsonError {
    this.peek()
    return this.syntaxError(this.position, `unexpected token ${this.token().raw}`)
  }

  /** The same where no value may begin: for punctuation and for what is no token at all. */
  private unexpectedWithin(): ProtoJsonError {
    const code = this.peek()
    if (Number.isNaN(code)) return new ProtoJsonError('unexpected EOF')
    if (code === comma || code === closingBrace || code === closingBracket) {
      return this.syntaxError(this.position, `unexpected token ${this.text[this.position]}`)
    }
    literalOrNumber.lastIndex = this.position
    if (code === quote || code === openingBrace || code === 0x5b || literalOrNumber.test(this.text))
      return this.unexpected()
    anyWord.lastIndex = this.position
    return this.syntaxError(this.position, `invalid value ${anyWord.exec(this.text)?.[0] ?? ''}`)
  }

  /** An error with the place of an offset: `(line L:C): text`. */
  error(offset: number, text: string): ProtoJsonError {
    return new ProtoJsonError(`(line ${this.place(offset)}): ${text}`)
  }

  syntaxError(offset: number, text: string): ProtoJsonError {
    return new ProtoJsonError(`syntax error (line ${this.place(offset)}): ${text}`)
  }

  /** `line:column`, both from 1, columns in characters (not UTF-16 units). */
  private place(offset: number): string {
    const before = this.text.slice(0, offset)
    const line = before.split('\n').length
    return `${line}:${[...before.slice(before.lastIndexOf('\n') + 1)].length + 1}`
  }
}

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}

/** A control character as Go quotes it. */
function goRune(code: number): string {
  const named: Readonly<Record<number, string>> = {
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
  }
  return `'${named[code] ?? `\\x${code.toString(16).padStart(2, '0')}`}'`
}

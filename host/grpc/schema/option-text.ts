/**
 * The options of a .proto text: `name = value`, where a value may be a literal in protobuf's text format. Only their grammar;
 * whether there are such options is looked at when all files are linked (option-rules.ts).
 */

import type { OptionNamePart, OptionValue, WrittenOption } from './file-descriptor.js'
import type { ProtoTokens, Token } from './proto-tokens.js'

const literalEnds: Readonly<Record<string, string>> = { '{': '}', '<': '>' }

/** Reads one option from the tokens that begin at `at`. Errors name the place; what follows is the caller's to check. */
export function readOption(tokens: ProtoTokens, at: number, nesting: number): { option: WrittenOption; end: number } {
  const reader = new OptionReader(tokens, at, nesting)
  const option = reader.option()
  return { option, end: reader.at }
}

class OptionReader {
  private depth = 0
  private readonly list: readonly Token[]

  constructor(
    private readonly tokens: ProtoTokens,
    public at: number,
    private readonly nesting: number,
  ) {
    this.list = tokens.list
  }

  option(): WrittenOption {
    const { offset } = this.token
    const parts = this.name()
    this.at++
    const name = parts.map((part) => (part.isExtension ? `(${part.name})` : part.name)).join('.')
    return { name, parts, at: offset, value: this.value(false) }
  }

  private get token(): Token {
    return this.list[this.at]!
  }

  /** The text of a word or symbol. */
  private get text(): string {
    const { kind, text } = this.token
    return kind === 'word' || kind === 'symbol' ? text : ''
  }

  private unexpected(expected?: string): never {
    throw this.tokens.unexpected(this.at, expected)
  }

  /** Up to the `=`. A dotted name is one token, with a dot in front where it follows a parenthesis. */
  private name(): OptionNamePart[] {
    const parts: OptionNamePart[] = []
    for (;;) {
      const isFirst = parts.length === 0
      const hasDot = !isFirst && this.text === '.'
      if (hasDot) this.at++
      const { text } = this
      const { offset } = this.token
      if (text === '(' && (isFirst || hasDot)) parts.push(this.extensionName(offset))
      else if (hasDot || !(isFirst ? /^\w/ : /^\.\w/).test(text))
        this.unexpected(isFirst || hasDot ? 'identifier' : "'='")
      else for (const name of text.replace(/^\./, '').split('.')) parts.push({ name, isExtension: false, offset })
      if (parts.length > this.nesting)
        throw this.tokens.error(offset, `an option name has more than ${this.nesting} parts, the limit`)
      this.at++
      if (this.text === '=') return parts
    }
  }

  private extensionName(offset: number): OptionNamePart {
    this.at++
    const name = this.text
    if (!/^\.?\w/.test(name)) this.unexpected('identifier')
    this.at++
    if (this.text !== ')') this.unexpected("')'")
    return { name, isExtension: true, offset }
  }

  private value(isInLiteral: boolean): OptionValue {
    const { token } = this
    const { kind, text } = token
    if (kind === 'symbol' && (text === '{' || (text === '<' && isInLiteral))) return this.literal(token)
    if (kind === 'symbol' && text === '[' && isInLiteral) return this.items(token)
    const isWord = kind === 'word' && (isInLiteral ? /^(\w+|-(inf|infinity|nan))$/i : /^(\w+|-inf|-nan)$/).test(text)
    const isNumber = (kind === 'int' || kind === 'float') && !text.startsWith('+')
    if (!isWord && !isNumber && kind !== 'string') this.unexpected('option value')
    this.at++
    return token
  }

  /** `{ … }` or `< … >` */
  private literal(first: Token): OptionValue {
    if (++this.depth > this.nesting)
      throw this.tokens.error(first.offset, `option values nest deeper than the limit of ${this.nesting}`)
    const end = literalEnds[first.text]!
    const fields: NonNullable<OptionValue['fields']> = []
    this.at++
    while (this.text !== end) {
      fields.push(this.field())
      if (this.text === ',' || this.text === ';') this.at++
    }
    this.at++
    this.depth--
    return { ...first, fields }
  }

  private field(): NonNullable<OptionValue['fields']>[number] {
    const { offset } = this.token
    const isExtension = this.text === '['
    const name = isExtension ? this.bracketed() : this.text
    if (!isExtension && !/^\w+$/.test(name)) this.unexpected()
    this.at++
    const hasColon = this.text === ':'
    if (hasColon) this.at++
    const valueAt = this.at
    const value = this.value(true)
    const isMessages = value.fields !== undefined || value.items?.every((item) => item.fields !== undefined) === true
    if (!hasColon && !isMessages) throw this.tokens.unexpected(valueAt, "':'")
    return { name, isExtension, offset, value }
  }

  /** `[name]` or `[domain/name]`, up to the last bracket. */
  private bracketed(): string {
    let name = ''
    do {
      if (name !== '') name += '/'
      this.at++
      if (!/^\w/.test(this.text)) this.unexpected('identifier')
      name += this.text
      this.at++
    } while (this.text === '/' && !name.includes('/'))
    if (this.text !== ']') this.unexpected("']'")
    return name
  }

  private items(first: Token): OptionValue {
    const items: OptionValue[] = []
    this.at++
    if (this.text !== ']') {
      for (;;) {
        if (this.text === '[') this.unexpected()
        items.push(this.value(true))
        if (this.text !== ',') break
        this.at++
      }
      if (this.text !== ']') this.unexpected("']'")
    }
    this.at++
    return { ...first, items }
  }
}

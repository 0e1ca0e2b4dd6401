/**
 * A .proto text prepared for protobufjs: one token on each line, and bounded in all that costs time there.
 * It knows where statements begin and end; their grammar is protobufjs's business, what they mean that of proto-text.ts.
 *
 * protobufjs tells lines and no columns, keeps no places, refuses names and numbers used twice without one, and loses what is
 * called `__proto__`. So it is handed stand-ins for declared names, their numbers and strings: `T17` is the name at token 17.
 * Its objects lead back to the tokens that way, and the line of an error is a token. Three more turns:
 * - It indexes all fields of a message anew for each field (1000 fields cost 110 ms), so long messages come in pieces.
 * - It searches the whole schema for each extension, so an extend block is handed over as a message.
 * - It knows groups in a few places only, so a group is handed over as a field `T17` and a message `G17`.
 */

import { type RawFile, scalarNames, type WrittenOption } from './file-descriptor.js'
import { readOption } from './option-text.js'
import type { ProtoTokens, Token } from './proto-tokens.js'
import type { SchemaError } from './schema-error.js'
import type { SchemaLimits } from './schema-limits.js'

/** What {@link outlineOf} finds. Places are indices into the list of tokens. */
export interface Outline {
  /** The text for protobufjs. */
  text: string
  /** The token of each line of `text`, and the one after the last line. */
  tokenOfLine: number[]
  syntax: RawFile['syntax']
  packageAt?: number
  /** `start` is the word `import`, `at` the path. */
  imports: { start: number; at: number; isPublic: boolean }[]
  /**
   * Options by the token that names their element, 0 for the file; for the message of a group it is the `=` behind the name.
   * protobufjs does not see them.
   */
  options: Map<number, WrittenOption[]>
  /** Options of the `extensions` statements of a message, by the token of its name. */
  rangeOptions: Map<number, WrittenOption[][]>
  /** Why the text ends early: what is wrong at the token after the last line. */
  fault?: SchemaError
}

/** Reads the outline of a file; what is wrong with the file does not throw. */
export function outlineOf(tokens: ProtoTokens, limits: SchemaLimits): Outline {
  return new OutlineReader(tokens, limits).read()
}

/** The token that a name made here stands for. */
export function tokenOfStandIn(name: string): number {
  return Number.parseInt(name.slice(1), 10)
}

type Kind = 'file' | 'message' | 'oneof' | 'extend' | 'enum' | 'service' | 'rpc'
type Line = [text: string, token: number]

interface Scope {
  kind: Kind
  name: number
  /** The token that its options belong to: the name, or for a group the `=` behind it, since the name is that of a field too. */
  owner: number
  /** Messages around and including this one. */
  depth: number
  entries: number
  options: number
  ranges: number
  /** Fields in the current piece of a message, and pieces before it. */
  inPiece: number
  pieces: number
  /** Lines of a oneof that wait for the end of a group inside it. */
  waiting?: Line[]
}

const fieldsPerPiece = 50
/** Larger than any number that a file may reserve. */
const standInNumber = 2 ** 31
const labels = new Set(['optional', 'required', 'repeated'])
const declarators = new Set(['message', 'enum', 'extend', 'service', 'oneof', 'rpc'])
/** What begins a statement besides names; protobufjs takes more in some places. */
const words: Readonly<Record<Kind, readonly string[]>> = {
  file: ['message', 'enum', 'extend', 'service', 'import', 'package', 'option'],
  message: ['message', 'enum', 'extend', 'oneof', 'option', 'extensions', 'reserved'],
  service: ['rpc', 'option'],
  rpc: ['option'],
  oneof: ['option'],
  extend: [],
  enum: ['option', 'reserved'],
}
const expectedInside: Readonly<Partial<Record<Kind, string>>> = {
  service: "'rpc'",
  oneof: 'identifier',
  extend: 'identifier',
  enum: 'identifier',
}
const takesNames = new Set<Kind>(['message', 'oneof', 'extend', 'enum'])

class OutlineReader {
  /** Lines written so far; a second row holds a oneof, since groups inside it come in front of it. */
  private readonly lines: Line[][] = [[]]
  private readonly scopes: Scope[] = [newScope('file', 0, 0)]
  private readonly list: readonly Token[]
  private readonly out: Outline = {
    text: '',
    tokenOfLine: [],
    syntax: 'proto2',
    imports: [],
    options: new Map(),
    rangeOptions: new Map(),
  }
  private at = 0
  private messages = 0

  constructor(
    private readonly tokens: ProtoTokens,
    private readonly limits: SchemaLimits,
  ) {
    this.list = tokens.list
  }

  read(): Outline {
    try {
      this.syntax()
      while (this.list[this.at]!.kind !== 'end') this.statement()
      this.out.fault = this.tokens.fault
    } catch (e) {
      this.out.fault = e as SchemaError
    }
    const lines = this.lines.flat()
    this.out.text = `${lines.map(([text]) => text).join('\n')}\n`
    this.out.tokenOfLine = [...lines.map(([, token]) => token), this.at]
    return this.out
  }

  private get scope(): Scope {
    return this.scopes.at(-1)!
  }

  /** The text of a word or symbol; an empty one for strings, numbers and the end. */
  private textAt(index: number): string {
    const token = this.list[index]
    return token?.kind === 'word' || token?.kind === 'symbol' ? token.text : ''
  }

  private write(text: string): void {
    this.lines.at(-1)!.push([text, this.at])
  }

  private pass(text?: string): void {
    const token = this.list[this.at]!
    this.write(text ?? (token.kind === 'string' ? `"${this.at}"` : token.text))
    this.at++
  }

  private problem(message: string, at = this.at): never {
    throw this.tokens.error(this.list[at]!.offset, message)
  }

  private unexpected(expected?: string): never {
    throw this.tokens.unexpected(this.at, expected)
  }

  // --- statements ---

  private syntax(): void {
    const word = this.textAt(0)
    if (word !== 'syntax' && word !== 'edition') return
    this.pass()
    if (this.textAt(1) !== '=') this.unexpected("'='")
    this.pass()
    const { kind, text } = this.list[2]!
    if (kind !== 'string') this.unexpected('string literal')
    if (word === 'edition') {
      if (text === '2024') this.problem('edition "2024" not yet fully supported; latest supported edition "2023"')
      if (text !== '2023') this.problem(`edition value "${text}" not recognized; should be one of ["2023"]`)
      this.out.syntax = 'editions'
    } else {
      if (text !== 'proto2' && text !== 'proto3') this.problem('syntax value must be "proto2" or "proto3"')
      this.out.syntax = text
    }
    this.pass(`"${text}"`)
    if (this.textAt(3) !== ';') this.unexpected("';'")
    this.pass()
  }

  private statement(): void {
    const word = this.textAt(this.at)
    const { scope } = this
    if (word === ';' && scope.kind !== 'oneof' && scope.kind !== 'extend') {
      // An empty statement says nothing, and protobufjs does not know it everywhere.
      this.at++
      return
    }
    if (word === '}') {
      this.close(scope)
      return
    }
    const isKeyword = words[scope.kind].includes(word)
    const first = word.slice(0, word.indexOf('.'))
    const isKeywordBeforeDot = word.includes('.') && words[scope.kind].includes(first)
    if (!isKeyword && (isKeywordBeforeDot || !takesNames.has(scope.kind) || this.list[this.at]!.kind !== 'word')) {
      this.unexpected(expectedInside[scope.kind])
    }
    if (word === 'package' && isKeyword) {
      this.packageLine()
      return
    }
    if (word === 'import' && isKeyword) this.import()
    if (word === 'option' && isKeyword) {
      this.optionStatement(scope)
      return
    }
    if (word === 'extensions' && isKeyword && this.out.syntax === 'proto3')
      this.problem('extension ranges are not allowed in proto3')
    const isField = !isKeyword && scope.kind !== 'enum'
    if (isField) this.fieldStart(scope)
    this.rest(isKeyword ? word : '', isField)
  }

  /** Is not handed over: protobufjs wants it in front of all messages, and knows no use for it here. */
  private packageLine(): void {
    const start = this.at++
    const text = this.textAt(this.at)
    if (!/^\w/.test(text)) this.unexpected('identifier')
    this.at++
    if (this.textAt(this.at) !== ';') this.unexpected("';'")
    this.at++
    if (this.out.packageAt !== undefined) this.problem('files should have only one package declaration', start)
    if (text.length >= 512)
      this.problem('package name (with whitespace removed) must be less than 512 characters long', start + 1)
    if (text.split('.').length > 101) this.problem('package name may not contain more than 100 periods', start + 1)
    this.out.packageAt = start + 1
  }

  /** Passes `import` with its word and path. */
  private import(): void {
    const start = this.at
    this.pass()
    const isPublic = this.textAt(this.at) === 'public'
    if (isPublic || this.textAt(this.at) === 'weak') this.pass()
    const { kind, text } = this.list[this.at]!
    if (kind !== 'string') this.unexpected('string literal')
    const earlier = this.out.imports.find((other) => this.list[other.at]!.text === text)
    if (earlier !== undefined) {
      const { line, column } = this.tokens.positionOf(this.list[earlier.start]!.offset)
      this.problem(`"${text}" was already imported at ${this.tokens.fileName}:${line}:${column}`, start)
    }
    if (this.out.imports.length >= this.limits.files) this.problem(`more than ${this.limits.files} imports, the limit`)
    this.out.imports.push({ start, at: this.at, isPublic })
    this.pass()
  }

  /** Begins a new piece of the message where the last one is long, and settles what protobufjs reads differently. */
  private fieldStart(scope: Scope): void {
    const message = scope.kind === 'oneof' ? this.scopes.at(-2)! : scope
    if (scope !== message) scope.entries++
    if (++message.entries > this.limits.fieldsPerMessage) {
      const what = message.kind === 'extend' ? 'extensions in one scope' : 'fields in one message'
      this.problem(`more than ${this.limits.fieldsPerMessage} ${what}, the limit`)
    }
    if (++message.inPiece > fieldsPerPiece) {
      message.inPiece = 1
      const reopened = ['message', `T${message.name}_${++message.pieces}`, '{']
      const parts = scope === message ? ['}', ...reopened] : ['}', '}', ...reopened, 'oneof', `T${scope.name}`, '{']
      for (const part of parts) this.write(part)
    }
    const start = this.at
    const word = this.textAt(start)
    const isLabelled = scope.kind !== 'oneof' && labels.has(word)
    const type = isLabelled ? start + 1 : start
    const isMap = this.textAt(type) === 'map' && this.textAt(type + 1) === '<'
    if (isMap && (isLabelled || scope.kind !== 'message'))
      this.problem('syntax error: map fields may have no label and stand in no oneof or extend block')
    if (isMap) this.countMessage(type)
    if (isLabelled) {
      // A label that is out of place is told by who reads the objects.
      const isKnown =
        this.out.syntax === 'proto2' || word === 'repeated' || (word === 'optional' && this.out.syntax === 'proto3')
      if (isKnown) this.write(word)
      this.at++
      if (this.list[this.at]!.kind !== 'word') this.unexpected('identifier')
    } else if (this.out.syntax === 'proto2' && scope.kind !== 'oneof' && this.textAt(start + 2) === '=') {
      const name = this.textAt(start + 1)
      this.problem(`field ${name}: field has no label; proto2 requires explicit 'optional' label`, start + 1)
    }
    const text = this.textAt(type)
    const isDotted = /^\w+\./.test(text)
    if (isDotted && (text.startsWith('group.') || scalarNames.has(text.slice(0, text.indexOf('.')))))
      throw this.tokens.unexpected(type, 'identifier')
    if (text === 'group' && this.list[type + 1]?.kind === 'word') this.pass(`G${type + 1}`)
    // Types of that name are fine, but protobufjs takes the word for a statement.
    else if (text === 'service' || (text === 'map' && !isMap)) this.pass(`.${text}`)
  }

  /** Passes a statement up to its `;`, or opens its block. `keyword` is empty for fields and enum values. */
  private rest(keyword: string, isField: boolean): void {
    const { scope } = this
    const start = this.at
    const isDeclaration = declarators.has(keyword)
    const isRanges = keyword === 'reserved' || keyword === 'extensions'
    let group: number | undefined
    for (;;) {
      const text = this.textAt(this.at)
      if (isDeclaration && this.at <= start + 1) {
        this.declarator(keyword, this.at === start)
        continue
      }
      const isHead = isDeclaration && this.at === start + 2 && keyword !== 'rpc'
      if (isHead && text !== '{') this.unexpected("'{'")
      if (this.list[this.at]!.kind === 'end' || text === '}') return
      if (text === ';') {
        if (group !== undefined) this.unexpected("'{'")
        this.pass()
        return
      }
      if (text === '{') {
        if (!isDeclaration && group === undefined) {
          // Handed over, since protobufjs may know better what is missing; where it takes a block, there must be none.
          this.write(text)
          this.unexpected("';'")
        }
        if (group === undefined) this.open(keyword as Kind, start + 1)
        else this.openGroup(group)
        return
      }
      if (text === '[') this.compactOptions(keyword === 'extensions' ? start : undefined, group !== undefined)
      else if (text === '=' && !isRanges) {
        const name = this.at - 1
        if (isField && this.lines.at(-1)!.at(-2)?.[0] === `G${name}`) group = name
        this.assignment(scope, group)
      } else if (isRanges) this.range(scope, start)
      else this.pass()
    }
  }

  private declarator(keyword: string, isFirst: boolean): void {
    const { kind, text } = this.list[this.at]!
    if (isFirst && keyword === 'rpc') this.count(this.scope, 'entries')
    if (isFirst) this.pass(keyword === 'extend' ? 'message' : keyword)
    else if (kind === 'word' && (keyword === 'extend' || /^\w+$/.test(text))) this.pass(`T${this.at}`)
    else this.unexpected('identifier')
  }

  /** A token of `reserved …` or `extensions …`, which begins at `start`. */
  private range(scope: Scope, start: number): void {
    const { kind, text } = this.list[this.at]!
    const isItem = this.at === start + 1 || (this.at > start && this.textAt(this.at - 1) === ',')
    if (isItem) this.count(scope, 'ranges')
    const isName = isItem && this.textAt(start) === 'reserved' && (kind === 'string' || kind === 'word')
    const isEditions = this.out.syntax === 'editions'
    if (isName && isEditions !== (kind === 'word')) {
      this.problem(
        isEditions
          ? 'must use identifiers, not string literals, to reserved names with editions'
          : 'must use string literals, not identifiers, to reserved names with proto2 and proto3',
      )
    }
    if (isItem && (kind === 'symbol' || (kind === 'word' && !isName))) this.unexpected('int literal')
    const isOtherKind = isItem && (this.list[start + 1]!.kind === 'int') !== (kind === 'int')
    if (isOtherKind) this.unexpected(kind === 'int' ? undefined : 'int literal')
    if (isName && kind === 'word') this.pass(`T${this.at}`)
    else this.pass(kind === 'int' && Number(text) > standInNumber ? String(standInNumber) : undefined)
  }

  /** `name = number`: both give way to what leads back here. */
  private assignment(scope: Scope, group: number | undefined): void {
    const name = this.at - 1
    const last = this.lines.at(-1)!.at(-1)
    if (last?.[1] === name && /^\w+$/.test(this.textAt(name))) last[0] = `T${name}`
    if (group !== undefined) this.checkGroup(group)
    if (scope.kind === 'enum') this.count(scope, 'entries', 10)
    this.pass()
    const { kind, text } = this.list[this.at]!
    if (kind === 'int' && scope.kind !== 'enum' && /^[-+]/.test(text))
      this.problem(`syntax error: unexpected '${text[0]}', expecting int literal`)
    if (kind === 'int') this.pass(String(standInNumber + this.at))
  }

  private checkGroup(name: number): void {
    const text = this.textAt(name)
    if (this.out.syntax !== 'proto2') this.problem('groups are not allowed in proto3 or editions', name - 1)
    if (!/^[A-Z]/.test(text)) this.problem(`group ${text} should have a name that starts with a capital letter`, name)
  }

  // --- options ---

  private optionStatement(scope: Scope): void {
    this.count(scope, 'options')
    this.at++
    this.optionsOf(scope.owner).push(this.option())
    if (this.textAt(this.at) !== ';') this.unexpected("';'")
    this.at++
  }

  /** `[ … ]` behind `name = number`, or behind ranges, which the token `ranges` begins. */
  private compactOptions(ranges: number | undefined, isGroup: boolean): void {
    const isAfterNumber = this.list[this.at - 1]!.kind === 'int' && this.textAt(this.at - 2) === '='
    const isAfterRanges = ranges !== undefined && this.at > ranges + 1
    if (!isAfterNumber && !isAfterRanges) {
      // Handed over, since protobufjs may know better what is missing.
      this.write('[')
      this.unexpected("';'")
    }
    const options = isAfterRanges ? [] : this.optionsOf(this.at - 3)
    const inner = { options: 0 }
    do {
      this.at++
      this.count(inner, 'options')
      options.push(this.option())
    } while (this.textAt(this.at) === ',')
    if (this.textAt(this.at) !== ']') this.unexpected("']'")
    this.at++
    if (this.textAt(this.at) !== (isGroup ? '{' : ';')) this.unexpected(isGroup ? "'{'" : "';'")
    if (!isAfterRanges) return
    const { rangeOptions } = this.out
    const { name } = this.scope
    rangeOptions.set(name, [...(rangeOptions.get(name) ?? []), options])
  }

  private option(): WrittenOption {
    const { option, end } = readOption(this.tokens, this.at, this.limits.nesting)
    this.at = end
    return option
  }

  /** Those of the element that the token `owner` names, to be added to. */
  private optionsOf(owner: number): WrittenOption[] {
    const { options } = this.out
    const known = options.get(owner)
    if (known !== undefined) return known
    const made: WrittenOption[] = []
    options.set(owner, made)
    return made
  }

  // --- blocks ---

  private count<K extends string>(scope: Record<K, number>, what: K, factor = 1): void {
    const limit = this.limits.fieldsPerMessage * factor
    if (++scope[what] > limit) {
      const plural =
        what !== 'entries' ? `${what} in one scope` : factor === 1 ? 'methods in one service' : 'values in one enum'
      this.problem(`more than ${limit} ${plural}, the limit`)
    }
  }

  private countMessage(at: number): void {
    if (++this.messages > this.limits.messages)
      this.problem(`more than ${this.limits.messages} messages and enums, the limit`, at)
  }

  private open(kind: Kind, name: number): void {
    if (kind === 'message' || kind === 'enum') this.countMessage(name)
    const depth = this.scope.depth + (kind === 'message' ? 1 : 0)
    if (depth >= this.limits.nesting)
      this.problem(`message nesting depth must be less than ${this.limits.nesting}`, name - 1)
    this.pass()
    this.scopes.push(newScope(kind, name, depth))
    // A group in the oneof goes in front of its `oneof name {`.
    if (kind === 'oneof') this.lines.push(this.lines.at(-1)!.splice(-3))
  }

  private openGroup(name: number): void {
    this.write(';')
    const isInOneof = this.scope.kind === 'oneof'
    const waiting = isInOneof ? this.lines.pop() : undefined
    for (const part of ['message', `G${name}`]) this.write(part)
    this.open('message', name)
    this.scope.owner = name + 1
    if (waiting !== undefined) this.scope.waiting = waiting
  }

  private close(scope: Scope): void {
    const name = this.list[scope.name]!
    if (scope.entries === 0) {
      if (scope.kind === 'oneof') this.problem('oneof must contain at least one field', scope.name - 1)
      if (scope.kind === 'extend') this.problem('extend sections must define at least one extension', scope.name - 1)
      if (scope.kind === 'enum') this.problem(`enum ${name.text}: enums must define at least one value`, scope.name - 1)
    }
    if (scope.kind === 'file') this.unexpected()
    this.pass()
    this.scopes.pop()
    if (scope.kind === 'oneof') for (const line of this.lines.pop()!) this.lines.at(-1)!.push(line)
    if (scope.waiting !== undefined) this.lines.push(scope.waiting)
  }
}

function newScope(kind: Kind, name: number, depth: number): Scope {
  return { kind, name, owner: name, depth, entries: 0, options: 0, ranges: 0, inPiece: 0, pieces: 0 }
}

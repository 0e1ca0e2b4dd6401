/**
 * Writes trees of .proto files by chance, in the manner of real ones and with all that the language has. First what is declared
 * is laid out, so that names can be looked up as a compiler does; then the bodies are written. It must not know any reader.
 */

import { decorate } from './decoration.js'
import type { ProtoTree } from './protoc.js'
import { Random } from './random.js'

type Syntax = 'proto2' | 'proto3' | 'editions'

interface Declared {
  kind: 'message' | 'enum'
  name: string
  fullName: string
  file: Draft
  parent: Declared | undefined
  /** Nested declarations of a message. */
  nested: Declared[]
  /** First number for extensions of a message of proto2. */
  extensionsFrom?: number
  isClosed: boolean
  values: string[]
}

interface Draft {
  name: string
  syntax: Syntax
  package: string
  imports: { file: Draft; word: '' | 'public ' | 'weak ' }[]
  declared: Declared[]
  hasOptions: boolean
}

const nouns = [
  'Shelf',
  'Book',
  'Author',
  'Page',
  'Type',
  'Status',
  'Item',
  'Value',
  'message',
  'stream',
  'Map',
  'service',
  'rpc',
]
const fieldWords = [
  'name',
  'display_name',
  'update_time',
  'message',
  'optional',
  'repeated',
  'service',
  'rpc',
  'option',
  'import',
  'to',
  'max',
  'inf',
  'nan',
  'true',
  'syntax',
  'package',
  'reserved',
  'extensions',
  'oneof',
  'enum',
  'map',
  'group',
  'returns',
  'stream',
  'public',
  '_private',
  'trailing_',
  'HTTPCode',
  'v2_beta',
  'a__b',
  'x_1',
  'x_Y',
  'string',
  'int32',
  'parentID',
  'etag',
  '__proto',
  'constructor',
  'toString',
]
const integers = [
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
]
const scalars = [...integers, 'bool', 'string', 'bytes', 'float', 'double']
const keyTypes = [...integers, 'bool', 'string']
const packages = ['', 'shop', 'shop.v1', 'shop.v1.types', 'acme', 'acme.shop', 'acme.shop.v1', 'Shelf.v1']

/** A tree and the names of all its files; the same seed gives the same tree. With `isEdition` all files are of edition 2023. */
export function randomTree(seed: number, isEdition = false): ProtoTree {
  return new TreeWriter(new Random(seed), isEdition).tree()
}

class TreeWriter {
  private readonly files: Draft[] = []

  constructor(
    private readonly random: Random,
    private readonly isEdition: boolean,
  ) {}

  tree(): ProtoTree {
    const { random } = this
    const count = random.integer(1, 4)
    for (let i = 0; i < count; i++) this.files.push(this.draft(i))
    const texts = this.files.map((file) => [file.name, decorate(this.text(file), random)] as const)
    return { ...Object.fromEntries(texts), ...(this.isEdition ? {} : { 'opts/options.proto': customOptions }) }
  }

  // --- declarations ---

  private draft(i: number): Draft {
    const { random } = this
    const syntax = this.isEdition ? 'editions' : random.pick<Syntax>(['proto2', 'proto3', 'proto3'])
    const file: Draft = {
      name: `${random.pick(['', 'a/', 'a/b/'])}f${i}.proto`,
      syntax,
      package: random.pick(packages),
      imports: [],
      declared: [],
      hasOptions: !this.isEdition && random.chance(0.5),
    }
    for (const other of this.files) {
      if (random.chance(0.7)) file.imports.push({ file: other, word: random.pick(['', '', '', 'public ', 'weak ']) })
    }
    // Files of one package share a scope.
    const taken = new Set(
      this.files.flatMap((f) => f.declared.filter((d) => d.fullName === join(file.package, d.name)).map((d) => d.name)),
    )
    for (const other of this.files) for (const part of other.package.split('.')) taken.add(part)
    const n = random.integer(2, 5)
    for (let j = 0; j < n; j++) this.declare(file, undefined, taken, 0)
    return file
  }

  private declare(file: Draft, parent: Declared | undefined, taken: Set<string>, depth: number): void {
    const { random } = this
    let name = random.pick(nouns)
    for (let i = 2; taken.has(name); i++) name = `${random.pick(nouns)}${i}`
    taken.add(name)
    const isEnum = random.chance(0.3)
    const fullName = join(parent?.fullName ?? file.package, name)
    const out: Declared = {
      kind: isEnum ? 'enum' : 'message',
      name,
      fullName,
      file,
      parent,
      nested: [],
      isClosed: file.syntax === 'proto2',
      values: [],
    }
    if (isEnum) {
      // Values are names of the scope around; a zero in front suits all.
      const prefix = `${(parent?.name ?? '').toUpperCase()}_${name.toUpperCase()}_${file.name.replace(/\W/g, '')}_`
      out.values = Array.from({ length: random.integer(1, 5) }, (_, i) => `${prefix}${i}`)
    } else {
      if (file.syntax !== 'proto3' && random.chance(0.4)) out.extensionsFrom = random.pick([100, 1000, 536870000])
      const inner = new Set<string>()
      if (depth < 3) for (let i = random.integer(0, 2); i > 0; i--) this.declare(file, out, inner, depth + 1)
    }
    const siblings = parent?.nested ?? file.declared
    siblings.push(out)
  }

  /** The file, what it imports, and what those import publicly. */
  private visible(file: Draft): Draft[] {
    const seen = new Set([file])
    const pending = file.imports.map((i) => i.file)
    for (const next of pending) {
      if (seen.has(next)) continue
      seen.add(next)
      for (const { file: other, word } of next.imports) if (word === 'public ') pending.push(other)
    }
    return [...seen]
  }

  /** A way to write a type's name inside a scope that a compiler finds again. */
  private reference(type: Declared, file: Draft, scope: string, isField = false): string {
    const parts = type.fullName.split('.')
    const start = this.random.integer(0, parts.length - 1)
    const name = parts.slice(start).join('.')
    // Words of the language begin other things, and for all but fields any name counts, not those of types alone.
    const isWord = /^(message|stream|service|rpc)\d*$/.test(parts[start]!) && (!isField || file.syntax !== 'proto2')
    const isPlain = isWord || (start === 0 && this.random.chance(0.3))
    return !isPlain && this.lookup(name, file, scope) === type ? name : `.${type.fullName}`
  }

  private lookup(name: string, file: Draft, scope: string): Declared | undefined {
    const files = this.visible(file)
    const types = new Map(files.flatMap((f) => all(f.declared)).map((d) => [d.fullName, d]))
    const scopes = new Set([...files.flatMap((f) => prefixes(f.package)), ...types.keys(), 'google', 'opts'])
    const [first] = name.split('.')
    for (let outer = scope; ; outer = outer.slice(0, Math.max(0, outer.lastIndexOf('.')))) {
      if (first === name ? types.has(join(outer, name)) : scopes.has(join(outer, first!)))
        return types.get(join(outer, name))
      if (outer === '') return undefined
    }
  }

  // --- texts ---

  private text(file: Draft): string {
    const { random } = this
    const head =
      file.syntax === 'editions'
        ? 'edition = "2023";'
        : file.syntax === 'proto2' && random.chance(0.3)
          ? ''
          : `syntax = "${file.syntax}";`
    const parts = file.imports.map(({ file: other, word }) => `import ${word}"${other.name}";`)
    parts.push('import "google/protobuf/timestamp.proto";')
    if (file.hasOptions) parts.push('import "opts/options.proto";')
    if (file.package !== '') parts.splice(random.integer(0, parts.length), 0, `package ${file.package};`)
    if (file.hasOptions) parts.push(this.customOption('file', ';'))
    if (file.syntax === 'editions') for (const feature of this.features(0.4, true)) parts.push(`option ${feature};`)
    parts.push(
      random.pick([
        '',
        'option java_package = "com.example" ".shop";',
        'option optimize_for = CODE_SIZE; option go_package = "x/y;y";',
        ';',
      ]),
    )
    for (const declared of file.declared) parts.push(this.declaration(declared))
    parts.push(...this.extensions(file, file.package, `f${this.files.indexOf(file)}`), ...this.services(file))
    return [head, ...parts].join('\n')
  }

  private declaration(d: Declared): string {
    return d.kind === 'enum' ? this.enumeration(d) : this.message(d)
  }

  private enumeration(d: Declared): string {
    const { random } = this
    let hasAlias = random.chance(0.2) && d.values.length > 1
    const numbers = d.values.map((_, i) =>
      i === 0
        ? '0'
        : random.pick([
            `${i}`,
            `0x${(i + 16).toString(16)}`,
            `0${(i + 64).toString(8)}`,
            `-${i}`,
            `- ${i + 200}`,
            `${2147483640 + i}`,
          ]),
    )
    if (hasAlias) numbers[1] = '00'
    if (
      new Set(numbers.map((n) => Number.parseInt(n.replace(/ /g, ''), n.includes('x') ? 16 : 10))).size ===
      numbers.length
    )
      hasAlias ||= false
    const values = d.values.map(
      (name, i) =>
        `${name} = ${numbers[i]}${d.file.hasOptions && random.chance(0.2) ? ` [deprecated = true, ${this.customOption('value', '')}]` : ''};`,
    )
    const reserved = random.chance(0.3)
      ? `reserved -1000 to -500, 3000; reserved 4000 to ${random.pick(['4001', '0xFFFF', 'max'])};`
      : ''
    const names = random.chance(0.2) ? this.reservedNames(['GONE', 'LOST']) : ''
    const isMaxTaken = reserved.includes('max') && numbers.some((n) => n.startsWith('21474'))
    return `enum ${d.name} { ${hasAlias ? 'option allow_alias = true;' : ''} ${isMaxTaken ? '' : reserved} ${names} ${values.join(' ')} }`
  }

  private reservedNames(names: readonly string[]): string {
    return `reserved ${names.map((n) => (this.isEdition ? n : `"${n}"`)).join(', ')};`
  }

  private message(d: Declared): string {
    const { random } = this
    const body: string[] = []
    const names = new NameSource(
      random,
      d.nested.flatMap((n) => [n.name, ...n.values]),
    )
    const numbers = new NumberSource(random)
    for (let i = random.integer(0, 7); i > 0; i--) body.push(this.field(d, names, numbers))
    if (random.chance(0.4)) body.push(this.oneof(d, names, numbers))
    if (d.extensionsFrom !== undefined) {
      const from = d.extensionsFrom
      body.push(random.pick([`extensions ${from} to ${from + 50}, ${from + 60};`, `extensions ${from} to max;`]))
    }
    if (random.chance(0.3)) body.push(`reserved 90, 91 to 0x5f; ${this.reservedNames(['gone', 'lost_1'])}`)
    if (d.file.hasOptions && random.chance(0.4)) body.push(this.customOption('message', ';'))
    if (random.chance(0.1)) body.push('option deprecated = true;')
    if (random.chance(0.2)) body.push(';')
    if (random.chance(0.3)) body.push(...this.extensions(d.file, d.fullName, d.fullName.replace(/\W/g, '_')))
    for (const nested of d.nested) body.splice(random.integer(0, body.length), 0, this.declaration(nested))
    return `message ${d.name} {\n${body.join('\n')}\n}`
  }

  private oneof(d: Declared, names: NameSource, numbers: NumberSource): string {
    const name = names.next()
    const fields = Array.from({ length: this.random.integer(1, 3) }, () => {
      if (d.file.syntax === 'proto2' && this.random.chance(0.2)) return this.group('', names, numbers)
      const type = this.type(d.file, d.fullName)
      return `${type.text} ${names.next()} = ${numbers.next()}${this.fieldOptions(d.file, type, 'oneof')};`
    })
    const option = d.file.hasOptions && this.random.chance(0.2) ? this.customOption('oneof', ';') : ''
    return `oneof ${name} { ${option} ${fields.join(' ')} }`
  }

  private group(label: string, names: NameSource, numbers: NumberSource): string {
    const name = names.group()
    return `${label} group ${name} = ${numbers.next()} { optional int32 inner = 1; repeated group Deep = 2 { required ${name} back = 1; } }`
  }

  private field(d: Declared, names: NameSource, numbers: NumberSource): string {
    const { random } = this
    const { file } = d
    if (random.chance(0.15)) {
      const value = this.type(file, d.fullName)
      // A closed enum without zero first is fine here: all have it.
      return `map<${random.pick(keyTypes)}, ${value.text}> ${names.map()} = ${numbers.next()};`
    }
    const label = random.pick(
      file.syntax === 'proto2'
        ? ['optional ', 'repeated ', 'required ']
        : file.syntax === 'proto3'
          ? ['', '', 'optional ', 'repeated ']
          : ['', '', 'repeated '],
    )
    if (file.syntax === 'proto2' && random.chance(0.1)) return this.group(label, names, numbers)
    const type = this.type(file, d.fullName)
    return `${label}${type.text} ${names.next()} = ${numbers.next()}${this.fieldOptions(file, type, label)};`
  }

  private type(file: Draft, scope: string): FieldType {
    const { random } = this
    if (random.chance(0.5)) {
      const text = random.pick(scalars)
      return { text, scalar: text, declared: undefined }
    }
    if (random.chance(0.1))
      return {
        text: random.pick(['google.protobuf.Timestamp', '.google.protobuf.Timestamp']),
        scalar: undefined,
        declared: undefined,
      }
    const types = this.visible(file)
      .flatMap((f) => all(f.declared))
      .filter((d) => d.kind === 'message' || file.syntax !== 'proto3' || !d.isClosed)
    if (types.length === 0) return { text: 'bool', scalar: 'bool', declared: undefined }
    const declared = random.pick(types)
    return { text: this.reference(declared, file, scope, true), scalar: undefined, declared }
  }

  private fieldOptions(file: Draft, type: FieldType, label: string): string {
    const { random } = this
    const options: string[] = []
    const { scalar } = type
    const isPackable =
      label === 'repeated ' &&
      (type.declared?.kind === 'enum' || (scalar !== undefined && scalar !== 'string' && scalar !== 'bytes'))
    if (isPackable && file.syntax !== 'editions' && random.chance(0.4))
      options.push(`packed = ${random.pick(['true', 'false'])}`)
    if (random.chance(0.1)) options.push('deprecated = true')
    if (random.chance(0.1))
      options.push(
        `json_name = "j${random.integer(0, 1e6)}${random.pick(['', '-x', ' y', '\\x41', '\\u00e9', "'", '\\"'])}"`,
      )
    if (file.syntax !== 'proto3' && label !== 'repeated ' && random.chance(0.4)) {
      const value = scalar === undefined ? type.declared?.values[0] : this.literal(scalar)
      if (value !== undefined) {
        options.push(`default = ${value}`)
        // A default needs presence, whatever the file says.
        if (file.syntax === 'editions' && label !== 'oneof') options.push('features.field_presence = EXPLICIT')
      }
    }
    if (file.hasOptions && random.chance(0.2)) options.push(this.customOption('field', ''))
    const hasDefault = options.some((option) => option.startsWith('default'))
    if (file.syntax === 'editions')
      options.push(
        ...this.features(0.15, label === '' && scalar !== undefined && !hasDefault, {
          isPackable,
          scalar,
          isMessage: type.declared?.kind === 'message',
        }),
      )
    return options.length === 0 ? '' : ` [${options.join(', ')}]`
  }

  private literal(scalar: string): string {
    const { random } = this
    if (scalar === 'bool') return random.pick(['true', 'false'])
    if (scalar === 'string')
      return random.pick(['"plain"', "'it' \"s\" 'joined'", '"\\t\\n\\"\\\\\\101\\x42"', '"caf\u00e9 \\u00e9"', '""'])
    if (scalar === 'bytes') return random.pick(['"\\001\\x02"', '"ab\\"c"', "'\\'\\n'", '""'])
    if (scalar === 'float' || scalar === 'double')
      return random.pick(['1.5', '-2.', '.5e3', '1e10', 'inf', '-inf', 'nan', '-nan', '0', '-7', '0x10', '017', '1E-3'])
    const isUnsigned = /^(uint|fixed)/.test(scalar)
    return random.pick([
      '0',
      '42',
      '0x2A',
      '052',
      ...(isUnsigned ? ['4294967295'] : ['-1', '-0x80', '- 5', '-2147483648']),
    ])
  }

  /** Options of features; `isTop` where presence may be said. */
  private features(
    probability: number,
    hasPresence: boolean,
    field?: { isPackable: boolean; scalar: string | undefined; isMessage: boolean },
  ): string[] {
    const { random } = this
    const out: string[] = []
    const add = (name: string, values: readonly string[]) => {
      if (random.chance(probability)) out.push(`features.${name} = ${random.pick(values)}`)
    }
    if (hasPresence)
      add(
        'field_presence',
        field === undefined ? ['EXPLICIT', 'IMPLICIT'] : ['EXPLICIT', 'IMPLICIT', 'LEGACY_REQUIRED'],
      )
    if (field === undefined || field.isPackable) add('repeated_field_encoding', ['PACKED', 'EXPANDED'])
    if (field === undefined || field.scalar === 'string') add('utf8_validation', ['VERIFY', 'NONE'])
    if (field === undefined || field.isMessage) add('message_encoding', ['LENGTH_PREFIXED', 'DELIMITED'])
    return out
  }

  private extensions(file: Draft, scope: string, suffix: string): string[] {
    const { random } = this
    const targets = this.visible(file)
      .flatMap((f) => all(f.declared))
      .filter((d) => d.extensionsFrom !== undefined)
    if (file.syntax === 'proto3' || targets.length === 0 || !random.chance(0.5)) return []
    const target = random.pick(targets)
    const label = () =>
      file.syntax === 'editions' ? random.pick(['', 'repeated ']) : random.pick(['optional ', 'repeated '])
    const used = this.usedExtensions.get(target) ?? 0
    const count = random.integer(1, 3)
    this.usedExtensions.set(target, used + count)
    const fields = Array.from({ length: count }, (_, i) => {
      const number = target.extensionsFrom! + used + i
      if (file.syntax === 'proto2' && random.chance(0.2))
        return `${label()}group Ext_${suffix}_${i} = ${number} { optional int32 x = 1; }`
      return `${label()}${this.type(file, scope).text} ext_${suffix}_${i} = ${number};`
    })
    return [`extend ${this.reference(target, file, scope)} { ${fields.join(' ')} }`]
  }

  private readonly usedExtensions = new Map<Declared, number>()

  private services(file: Draft): string[] {
    const { random } = this
    const messages = this.visible(file)
      .flatMap((f) => all(f.declared))
      .filter((d) => d.kind === 'message')
    if (messages.length === 0 || !random.chance(0.7)) return []
    const serviceName = `Service${this.files.indexOf(file)}`
    const scope = join(file.package, serviceName)
    const part = () => `(${random.chance(0.3) ? 'stream ' : ''}${this.reference(random.pick(messages), file, scope)})`
    const methods = Array.from({ length: random.integer(0, 4) }, (_, i) => {
      const end = random.pick([
        ';',
        ' {}',
        ' {};',
        ' { option deprecated = true; }',
        file.hasOptions ? ` { ${this.customOption('method', ';')} ; }` : ';',
      ])
      return `rpc ${random.pick(['Get', 'List', 'rpc', 'stream'])}${i} ${part()} returns ${part()}${end}`
    })
    return [
      `service ${serviceName} { ${file.hasOptions && random.chance(0.3) ? this.customOption('service', ';') : ''} ${methods.join(' ')} }`,
    ]
  }

  private customOption(element: string, end: string): string {
    const name = `(${this.random.pick(['opts.', '.opts.'])}${element}_rule)`
    const value = this.random.pick([
      ` = { text: "a" 'b', sub { text: 'x\\'y' } sub: [{ depth: 0x1F }, < depth: -1 >] mark: ODD; }`,
      ' = { counts { key: "k" value: 1 } counts: { key: "}" value: 2 } ratio: -inf ratio: 1.5 ratio: nan }',
      '.text = "one"',
      '.sub = { text: "s", bits: "\\001\\xff" }',
      '.(opts.more) = 7',
      ' = { [opts.more]: 5 any { [type.googleapis.com/opts.Rule] { text: "in any" } } }',
      ' = {}',
    ])
    return `${end === ';' ? 'option ' : ''}${name}${value}${end}`
  }
}

interface FieldType {
  text: string
  scalar: string | undefined
  declared: Declared | undefined
}

/** Names for the fields of one message, none of which clash, in JSON neither. */
class NameSource {
  private readonly taken = new Set<string>()

  constructor(
    private readonly random: Random,
    taken: readonly string[],
  ) {
    for (const name of taken) this.taken.add(key(name)).add(key(`${name}Entry`))
  }

  next(words: readonly string[] = fieldWords, also: (name: string) => string[] = () => []): string {
    let name = this.random.pick(words)
    for (let i = 0; [name, ...also(name)].some((n) => this.taken.has(key(n))); i++)
      name = `${this.random.pick(words)}_z${i}`
    for (const n of [name, ...also(name)]) this.taken.add(key(n))
    return name
  }

  map(): string {
    return this.next(undefined, (name) => [`${name}Entry`])
  }

  group(): string {
    return this.next(['Result', 'Part', 'URL', 'Big_Group'])
  }
}

class NumberSource {
  private last = 0

  constructor(private readonly random: Random) {}

  next(): string {
    this.last += this.random.integer(1, 2)
    const n = this.last
    return this.random.pick([`${n}`, `${n}`, `${n}`, `0x${n.toString(16)}`, `0${n.toString(8)}`])
  }
}

function key(name: string): string {
  return name.replace(/_/g, '').toLowerCase()
}

function all(declared: readonly Declared[]): Declared[] {
  return declared.flatMap((d) => [d, ...all(d.nested)])
}

function join(scope: string, name: string): string {
  return scope === '' ? name : `${scope}.${name}`
}

function prefixes(name: string): string[] {
  const parts = name === '' ? [] : name.split('.')
  return parts.map((_, i) => parts.slice(0, i + 1).join('.'))
}

const elements = ['File', 'Message', 'Field', 'Oneof', 'Enum', 'EnumValue', 'Service', 'Method']
const elementName = (element: string) => (element === 'EnumValue' ? 'value' : element.toLowerCase())

/** Options with a bit of everything in their values, one for each kind of element. */
const customOptions = `syntax = "proto2";
package opts;
import "google/protobuf/descriptor.proto";
import "google/protobuf/any.proto";
enum Mark { EVEN = 0; ODD = 1; }
message Rule {
  optional string text = 1;
  repeated Rule sub = 2;
  optional sint32 depth = 3;
  map<string, int32> counts = 4;
  repeated double ratio = 5;
  optional Mark mark = 6;
  optional bytes bits = 7;
  optional google.protobuf.Any any = 8;
  extensions 100 to 200;
}
extend Rule { optional int32 more = 100; }
${elements.map((e, i) => `extend google.protobuf.${e}Options { optional Rule ${elementName(e)}_rule = ${5000 + i}; }`).join('\n')}
`

/** .proto texts as `client.load()` reads them: one text, or several with a line `//--- NAME` before each but the first. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { exampleJson } from '../../host/grpc/example-message.js'
import type { MessageType } from '../../host/grpc/schema/schema.js'
import { Schema } from '../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../host/grpc/schema/schema-cache.js'
import { packageRoot } from '../../package-root.js'
import { mutate } from '../../test/protoc/mutation.js'
import { randomTree } from '../../test/protoc/proto-tree.js'
import { Random } from '../../test/protoc/random.js'
import { snippets } from '../../test/protoc/snippets.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { textFiles } from '../text-files.js'

const mainName = 'main.proto'

/** A tree that chance wrote, with up to three mistakes. */
const trees = fc.tuple(fc.nat(100_000), fc.boolean(), fc.nat(3)).map(([seed, isEdition, mistakes]) => {
  const random = new Random(seed)
  const files = Object.entries(randomTree(seed, isEdition)).map(([name, text]) => {
    for (let i = 0; i < mistakes; i++) if (random.chance(0.5)) text = mutate(text, random)
    return `//--- ${name}\n${text}`
  })
  const all = files.map((text) => /^\/\/--- (.*)/.exec(text)![1]!)
  return bytesOf(`syntax = "proto3";\n${all.map((name) => `import "${name}";\n`).join('')}${files.join('\n')}`)
})

const mistakes = fc
  .tuple(fc.constantFrom(...snippets), fc.nat(), fc.integer({ min: 1, max: 4 }))
  .map(([text, seed, n]) => {
    const random = new Random(seed)
    let changed = text
    for (let i = 0; i < n; i++) changed = mutate(changed, random)
    return bytesOf(changed)
  })

/** The same thing over and over, or inside of itself: what is quadratic or recursive shows here. */
const large = fc
  .tuple(
    fc.constantFrom(
      ['message M {', 'int32 a# = #;', '}'],
      ['message M { oneof o {', 'int32 a# = #;', '} }'],
      ['message M {', 'map<string, M> a# = #;', '}'],
      ['enum E {', 'A# = #;', '}'],
      ['', 'message M# {}\n', ''],
      ['', 'message M# { ', ' }'],
      ['option (a) = {', 'b: {', '}'],
      ['message M { reserved ', '#,', '1; }'],
      ['service S {', 'rpc A#(M) returns (M);', '} message M {}'],
      ['package a', '.b#', ';'],
      ['extend M {', 'int32 a# = #;', '} message M { extensions 1 to max; }'],
      ['message M { int32 a = 1 [', 'deprecated = true, ', 'packed = true]; }'],
      ['option java_package = "a" ', '"b" ', ';'],
      ['// ', 'x', ''],
      ['/* ', '*', '/'],
      ['', 'import "f#.proto";', ''],
      ['message M { int32 a = 1 [(x', '.y#', ') = 1]; }'],
    ),
    fc.constantFrom(2, 10, 31, 33, 100, 999, 1001, 3000),
    fc.boolean(),
  )
  .map(([[head, part, tail], times, closes]) => {
    let text = 'syntax = "proto2";\n'
    text += head
    for (let i = 1; i <= times; i++) text += part!.replaceAll('#', String(i))
    return bytesOf(text + (closes ? tail!.repeat(tail!.length < 4 ? times : 1) : tail))
  })

function handWritten(): Uint8Array[] {
  const folder = join(packageRoot, 'test/protoc/protos')
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)))
}

export const target: FuzzTarget = {
  seeds: () => [...snippets.map(bytesOf), ...handWritten()],
  structured: fc.oneof(
    { weight: 3, arbitrary: trees },
    { weight: 6, arbitrary: mistakes },
    { weight: 1, arbitrary: large },
  ),
  words: [
    ...[
      'syntax = "proto3";',
      'edition = "2023";',
      'message M { ',
      'enum E { A = 0; }',
      'oneof o {',
      'map<string, M> m = 7;',
    ],
    ...[
      'extensions 100 to max;',
      'extend M {',
      'optional group G = 3 {',
      'option (a).b = {',
      'import public "',
      'reserved 1 to 5;',
    ],
    ...[
      '[default = ',
      '[json_name = "x"]',
      'rpc A(stream M) returns (M);',
      '.google.protobuf.Any',
      'features.field_presence',
    ],
    ...[
      'import "google/protobuf/descriptor.proto";',
      '//--- other.proto\n',
      'optional int32 __proto__ = 9;',
      '\\x',
      '\\777',
    ],
  ],
  run(bytes) {
    const { first, files } = textFiles(textOf(bytes), '/')
    files.set(`/${mainName}`, bytesOf(first))
    const schema = new Schema(new SchemaCache())
    try {
      const methods = schema.load([], [mainName], { directory: '/', read: (path) => files.get(path) })
      let fields = 0
      for (const { full_method } of methods) {
        const { input, output } = schema.method(full_method)!
        for (const type of [input, output]) fields += tryType(type, bytes)
      }
      return `${methods.length} methods, ${fields} fields`
    } catch (e) {
      return refusal(e, bytes)
    }
  },
}

/** Reads and writes messages of a type that somebody made up. */
export function tryType(type: MessageType, bytes: Uint8Array): number {
  for (const json of ['{}', exampleJson(type.descriptor) ?? '{}']) {
    try {
      const read = type.decode(type.encode(json))
      JSON.parse(read)
      type.toText(type.encode(json), 1000)
    } catch (e) {
      refusal(e, bytes)
    }
  }
  return type.descriptor.fields.length
}

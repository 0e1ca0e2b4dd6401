import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { isAppError } from '../../../../errors.js'
import { SchemaCache } from '../../../../host/grpc/schema/schema-cache.js'
import { packageRoot } from '../../../../package-root.js'
import { memoryFiles } from './memory-files.js'

const load = (texts: Record<string, string>, limits = {}) =>
  new SchemaCache(limits).load([], ['a.proto'], '/', memoryFiles(texts))

describe('schema cache', () => {
  it('refuses imports that go in a circle, by name', () => {
    const texts = { '/a.proto': 'import "b.proto";', '/b.proto': '\nimport "a.proto";' }
    assert.throws(() => load(texts), {
      message: 'b.proto:2:8: cycle found in imports: "a.proto" -> "b.proto" -> "a.proto"',
    })
    assert.throws(
      () => load({ '/a.proto': 'import "a.proto";' }),
      /a\.proto:1:8: cycle found in imports: "a\.proto" -> "a\.proto"/,
    )
  })

  it('says where a missing file is imported', () => {
    assert.throws(() => load({ '/a.proto': 'import "x/gone.proto";' }), {
      message: 'a.proto:1:8: stat /x/gone.proto: no such file or directory',
    })
  })

  it('reads a file once that is imported twice', () => {
    const texts = {
      '/a.proto': 'import "b.proto"; import "c.proto";',
      '/b.proto': 'import "c.proto";',
      '/c.proto': 'message C {}',
    }
    assert.deepEqual(
      load(texts).files.map((f) => f.name),
      ['a.proto', 'c.proto', 'b.proto'],
    )
  })

  it('links the same descriptors once, from a protoset and from a server', () => {
    const cache = new SchemaCache()
    const set = readFileSync(join(packageRoot, 'test/protos/kinds.protoset'))
    const first = cache.loadProtoset(set, 'x')
    assert.equal(cache.loadProtoset(Uint8Array.from(set), 'y'), first)
    // { name: "a" package: "p" } and { name: "b" }
    const [a, b] = [Buffer.from('0a0161120170', 'hex'), Buffer.from('0a0162', 'hex')]
    const described = cache.loadDescriptors([a, b])
    assert.equal(cache.loadDescriptors([Uint8Array.from(a), Uint8Array.from(b)]), described)
    assert.notEqual(cache.loadDescriptors([b, a]), described)
    assert.notEqual(cache.loadDescriptors([a]), described)
  })

  it('keeps to its limits', () => {
    const chain: Record<string, string> = { '/a.proto': 'import "1.proto";' }
    for (let i = 1; i < 60; i++) chain[`/${i}.proto`] = `import "${i + 1}.proto";`
    assert.throws(() => load(chain), /imports are deeper than the limit of 50/)
    assert.throws(() => load(chain, { files: 5 }), /more than 5 files with all imports/)
    assert.throws(
      () => load({ '/a.proto': 'import "b.proto";', '/b.proto': '// bbbbbbbb' }, { totalBytes: 20 }),
      /more than 20 bytes in all/,
    )
    const set = readFileSync(join(packageRoot, 'test/protos/kinds.protoset'))
    const loadSet = (limits: object) => () => new SchemaCache(limits).loadProtoset(set, 'x')
    assert.throws(loadSet({ totalBytes: 100 }), /more than the limit of 100/)
    assert.throws(loadSet({ messages: 5 }), /more than 5 messages and enums/)
    assert.throws(loadSet({ fieldsPerMessage: 5 }), /fields of message Value are more than 5/)
    assert.throws(loadSet({ files: 2 }), /more than 2 files/)
  })

  it('ends on any bytes of a protoset with files or a SchemaError', () => {
    const set = readFileSync(join(packageRoot, 'test/protos/kinds.protoset'))
    fc.assert(
      fc.property(fc.nat(set.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Uint8Array.from(set)
        bytes[at] = byte
        try {
          new SchemaCache().loadProtoset(bytes, 'x')
        } catch (e) {
          assert.ok(isAppError(e, 'SCHEMA_INVALID'), String(e))
        }
      }),
    )
  })
})

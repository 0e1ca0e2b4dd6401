import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isAppError } from '../../../../errors.js'
import { Schema } from '../../../../host/grpc/schema/schema.js'
import { SchemaCache } from '../../../../host/grpc/schema/schema-cache.js'
import { packageRoot } from '../../../../package-root.js'
import { memoryFiles, schemaOf } from './memory-files.js'

const protos = join(packageRoot, 'test/protos')
const onDisk = { directory: protos, read: (path: string) => (existsSync(path) ? readFileSync(path) : undefined) }

const leaf =
  'syntax = "proto3"; package leaf; message Leaf { string name = 1; } service Grow { rpc Up(Leaf) returns (Leaf); }'
const service = (name: string, method: string, field: string) =>
  `syntax = "proto3"; package twin; service ${name} { rpc ${method}(M) returns (M); } message M { string ${field} = 1; }`

describe('schema', () => {
  it('tells of the methods of the named files first, then of those they import, in the order of the text', () => {
    const schema = new Schema(new SchemaCache())
    const main =
      'syntax = "proto3"; import "leaf.proto"; service S { rpc B(leaf.Leaf) returns (stream leaf.Leaf); rpc A(stream leaf.Leaf) returns (leaf.Leaf); }'
    const read = memoryFiles({ '/d/main.proto': main, '/d/leaf.proto': leaf })
    const infos = schema.load([], ['main.proto'], { directory: '/d', read })
    assert.deepEqual(
      infos.map((i) => i.full_method),
      ['/S/B', '/S/A', '/leaf.Grow/Up'],
    )
    assert.equal(
      JSON.stringify(infos[0]),
      '{"package":"","service":"S","full_method":"/S/B","name":"B","is_client_stream":false,"is_server_stream":true}',
    )
  })

  it('finds a method with or without the leading slash, and none that was not loaded', () => {
    const schema = schemaOf(leaf)
    const method = schema.method('leaf.Grow/Up')
    assert.equal(method, schema.method('/leaf.Grow/Up'))
    assert.deepEqual(
      [method?.path, method?.service, method?.name, method?.input.fullName],
      ['/leaf.Grow/Up', 'leaf.Grow', 'Up', 'leaf.Leaf'],
    )
    assert.equal(schema.method('/leaf.Grow/Down'), undefined)
    assert.equal(schema.method('/leaf.Grow'), undefined)
  })

  it('keeps the first message type and the last method of a name that is loaded twice', () => {
    const schema = new Schema(new SchemaCache())
    const read = memoryFiles({ '/a.proto': service('T', 'Go', 'a'), '/b.proto': service('T', 'Go', 'b') })
    schema.load([], ['a.proto'], { directory: '/', read })
    schema.load([], ['b.proto'], { directory: '/', read })
    assert.equal(schema.messageType('twin.M')?.empty(), '{"a":""}')
    assert.equal(schema.method('twin.T/Go')?.input.empty(), '{"b":""}')
  })

  it('refuses one name in two files of one load', () => {
    const read = memoryFiles({ '/a.proto': service('T', 'A', 'a'), '/b.proto': service('T', 'B', 'b') })
    assert.throws(() => new Schema(new SchemaCache()).load([], ['a.proto', 'b.proto'], { directory: '/', read }), {
      message: 'b.proto:1:78: symbol "twin.M" already defined at a.proto:1:78',
    })
  })

  it('looks for a file in each import path in turn, relative ones seen from the directory, file:// taken off', () => {
    const read = memoryFiles({ '/other/leaf.proto': leaf })
    const load = (paths: string[]) =>
      new Schema(new SchemaCache()).load(paths, ['leaf.proto'], { directory: '/base', read }).length
    assert.equal(load(['nowhere', '../other/']), 1)
    assert.equal(load(['file:///other']), 1)
    assert.throws(() => load(['nowhere', 'sub']), { message: 'stat /base/sub/leaf.proto: no such file or directory' })
    assert.throws(() => load([]), { message: 'stat /base/leaf.proto: no such file or directory' })
  })

  it('goes on after a load that failed', () => {
    const schema = new Schema(new SchemaCache())
    const base = { directory: '/', read: memoryFiles({ '/leaf.proto': leaf }) }
    assert.throws(
      () => schema.load([], ['gone.proto'], base),
      (e) => isAppError(e, 'SCHEMA_INVALID'),
    )
    assert.equal(schema.load([], ['leaf.proto'], base).length, 1)
    assert.deepEqual(schema.load([], [], base), [])
  })

  it('brings along the well-known files, and takes one of an import path before them', () => {
    const main = 'syntax = "proto3"; import "google/protobuf/empty.proto"; message M { google.protobuf.Empty e = 1; }'
    assert.equal(schemaOf(main).messageType('M')?.encode('{"e":{}}').length, 2)
    const own = { 'google/protobuf/empty.proto': 'syntax = "proto3"; package mine; message Empty {}' }
    assert.throws(() => schemaOf(main, own), /unknown type google\.protobuf\.Empty/)
    for (const name of [
      'api',
      'descriptor',
      'type',
      'source_context',
      'compiler/plugin',
      'go_features',
      'java_features',
    ]) {
      assert.doesNotThrow(() => schemaOf(`import "google/protobuf/${name}.proto";`))
    }
  })

  it('shares what it parsed among clients while the bytes are the same', () => {
    const cache = new SchemaCache()
    const texts: Record<string, string> = { '/leaf.proto': leaf }
    const reads: string[] = []
    const read = (path: string) => {
      reads.push(path)
      return memoryFiles(texts)(path)
    }
    const load = () => {
      const schema = new Schema(cache)
      schema.load(['no', '.'], ['leaf.proto'], { directory: '/', read })
      return schema.resolve('leaf.Leaf')
    }
    const first = load()
    assert.equal(load(), first)
    assert.deepEqual(reads, ['/no/leaf.proto', '/leaf.proto', '/no/leaf.proto', '/leaf.proto'])
    texts['/no/leaf.proto'] = leaf
    assert.notEqual(load(), first)
    delete texts['/no/leaf.proto']
    texts['/leaf.proto'] = `${leaf} message More {}`
    assert.notEqual(load(), first)
  })

  it("reads text and protoc's descriptors of it into the same model", () => {
    const cache = new SchemaCache()
    const [fromText, fromSet] = [new Schema(cache), new Schema(cache)]
    const textInfos = fromText.load([], ['kinds.proto', 'old.proto'], onDisk)
    const setInfos = fromSet.loadProtoset(readFileSync(join(protos, 'kinds.protoset')), 'kinds.protoset')
    const byMethod = (infos: typeof textInfos) => infos.map((i) => JSON.stringify(i)).sort()
    assert.deepEqual(byMethod(textInfos), byMethod(setInfos))
    for (const name of [
      'kinds.All',
      'kinds.Tree',
      'kinds.Known',
      'kinds.All.ByInt64Entry',
      'old.Strict',
      'old.Loose',
      'old.Loose.Detail',
      'old.Set',
    ]) {
      assert.deepEqual(fromText.resolve(name), fromSet.resolve(name), name)
    }
  })

  it("answers for a protoset with k6's texts", () => {
    const load = (bytes: Uint8Array) => new Schema(new SchemaCache()).loadProtoset(bytes, 'x/y.protoset')
    assert.deepEqual(load(new Uint8Array()), [])
    assert.throws(() => load(Buffer.from('garbage')), {
      message: "couldn't unmarshal protoset file x/y.protoset: proto:\u00a0cannot parse invalid wire-format data",
    })
    // file { name: "a" dependency: "b.proto" }
    const lacksImport = Buffer.from('0a0c0a01611a07622e70726f746f', 'hex')
    assert.throws(() => load(lacksImport), { message: 'proto:\u00a0could not resolve import "b.proto": not found' })
    // file { name: "a" message_type { name: "M" field { name: "f" number: 1 label: 1 type: 11 type_name: ".Gone" } } }
    const lacksType = Buffer.from('0a1a0a016122150a014d12100a0166180120' + '01280b32052e476f6e65', 'hex')
    assert.throws(() => load(lacksType), {
      message: 'proto:\u00a0message field "M.f" cannot resolve type: "Gone" not found',
    })
  })

  it('links single descriptors in any order, and without those that are missing', () => {
    const set = readFileSync(join(protos, 'kinds.protoset'))
    const files: Uint8Array[] = []
    for (let at = 0; at < set.length; ) {
      let length = 0
      let shift = 0
      let byte: number
      at++
      do {
        byte = set[at++]!
        length |= (byte & 0x7f) << shift
        shift += 7
      } while (byte > 0x7f)
      files.push(set.subarray(at, at + length))
      at += length
    }
    const schema = new Schema(new SchemaCache())
    assert.equal(schema.loadDescriptors(files.reverse()).length, 5)
    assert.ok(schema.method('/kinds.Kinds/Echo'))
    // A file whose import is missing is fine as long as it does not use it: { name: "a" dependency: "b.proto" }
    assert.deepEqual(schema.loadDescriptors([Buffer.from('0a01611a07622e70726f746f', 'hex')]), [])
  })

  it('shows the details of a status whose types it knows, and nothing when one is unknown', () => {
    const schema = schemaOf(leaf)
    const any = (type: string, hex: string) => {
      const url = Buffer.from(`t/${type}`)
      const body = Buffer.concat([
        Buffer.from([10, url.length]),
        url,
        Buffer.from([18, hex.length / 2]),
        Buffer.from(hex, 'hex'),
      ])
      return Buffer.concat([Buffer.from([26, body.length]), body])
    }
    const head = Buffer.from('080512026e6f', 'hex')
    assert.equal(schema.statusDetails(head), '{"code":5,"message":"no","details":[]}')
    assert.equal(
      schema.statusDetails(Buffer.concat([head, any('leaf.Leaf', '0a0161')])),
      '{"code":5,"message":"no","details":[{"@type":"t/leaf.Leaf","name":"a"}]}',
    )
    assert.equal(schema.statusDetails(Buffer.concat([head, any('leaf.Leaf', ''), any('not.Loaded', '')])), undefined)
    assert.equal(schema.statusDetails(Buffer.from('07', 'hex')), undefined)
  })
})

/** Schemas: .proto files, protosets and what a server's reflection says. All of it is parsed by the host. */
import { randomBytes } from 'node:crypto'
import { frame } from '../../test/host/grpc/scripted-server.js'
import type { Area, Attack } from '../attack.js'
import { grpcServer } from '../servers/hostile-server.js'

const head = 'syntax = "proto3";\npackage a;\n'

/** Loads a file, and tells what came of it. */
const loading = (name: string, text: string | Uint8Array, more: Partial<Attack> = {}): Attack => ({
  name,
  init: "import grpc from 'k6/net/grpc'\nconst evil = new grpc.Client()\nlet end\nif (__VU === 0) { try { const r = evil.load(null, 'evil.proto'); end = 'loaded ' + r.length } catch (e) { end = 'refused ' + e.message.slice(0, 500) }\nconsole.log(end) }",
  attack: '',
  files: { 'evil.proto': text },
  limits: { initCpuMs: 3000 },
  ends: { says: /refused|loaded/ },
  ...more,
})

const fields = (count: number) => Array.from({ length: count }, (_, i) => `string f${i} = ${i + 1};`).join(' ')

/** A field of a descriptor with a length. */
function field(tag: number, bytes: Buffer): Buffer {
  const out = [tag]
  let rest = bytes.length
  for (; rest > 127; rest >>>= 7) out.push((rest & 127) | 128)
  out.push(rest)
  return Buffer.concat([Buffer.from(out), bytes])
}

const protoset = (name: string, bytes: Uint8Array, more: Partial<Attack> = {}) =>
  loading(name, '', {
    init: "import grpc from 'k6/net/grpc'\nconst evil = new grpc.Client()\nif (__VU === 0) { try { console.log('loaded', evil.loadProtoset('evil.protoset').length) } catch (e) { console.log('refused', e.message.slice(0, 500)) } }",
    files: { 'evil.protoset': bytes },
    ...more,
  })

/** A FileDescriptorSet of one file; the message types nest `depth` deep. */
function deepDescriptors(depth: number): Buffer {
  let message = field(10, Buffer.from('M'))
  for (let i = 0; i < depth; i++) message = Buffer.concat([field(10, Buffer.from('M')), field(26, message)])
  return field(
    10,
    Buffer.concat([field(10, Buffer.from('deep.proto')), field(34, message), field(98, Buffer.from('proto3'))]),
  )
}

const reflecting = (name: string, answer: (send: (message: Buffer) => void, end: () => void) => void): Attack => ({
  name,
  init: "import grpc from 'k6/net/grpc'\nconst evil = new grpc.Client()",
  server: () =>
    grpcServer(async (call) => {
      call.open()
      for (let next = await call.read(); next !== undefined; next = await call.read()) {
        if (call.stream.destroyed) return
        answer(
          (message) => call.stream.write(frame(message)),
          () => call.finish(),
        )
      }
      call.finish()
    }),
  attack:
    "try { evil.connect(__ENV.HOSTILE, { plaintext: true, reflect: true, timeout: '2s' }); console.log('connected') } catch (e) { console.log('refused', e.message.slice(0, 500)) }\nconsole.log('tried')",
  limits: { cpuMs: 3000 },
  ends: { says: /tried/ },
})

/** ServerReflectionResponse.file_descriptor_response with one file. */
const fileResponse = (file: Buffer) => field(34, field(10, file))
/** ServerReflectionResponse.list_services_response with names of services. */
const listResponse = (names: readonly string[]) =>
  field(50, Buffer.concat(names.map((name) => field(10, field(10, Buffer.from(name))))))

export const schemas: Area = {
  name: 'schemas',
  attacks: [
    loading('a message of ten thousand fields', `${head}message M { ${fields(10_000)} }`, {
      ends: { says: /refused/ },
    }),
    loading('a oneof of ten thousand fields', `${head}message M { oneof o { ${fields(10_000)} } }`, {
      ends: { says: /refused/ },
    }),
    loading('fifty thousand messages', head + Array.from({ length: 50_000 }, (_, i) => `message M${i} {}`).join('\n'), {
      ends: { says: /refused/ },
    }),
    loading('messages nested a thousand deep', `${head}${'message M { '.repeat(1000)}${'}'.repeat(1000)}`, {
      ends: { says: /refused/ },
    }),
    loading('a file of five megabytes', `${head}//${'x'.repeat(5_000_000)}`, { ends: { says: /refused/ } }),
    loading(
      'an option nested ten thousand deep',
      `${head}option (x) = ${'{ a: '.repeat(10_000)}1${'}'.repeat(10_000)};`,
      { ends: { says: /refused/ } },
    ),
    loading('a string without an end', `${head}option java_package = "${'\\'.repeat(500_000)}`, {
      ends: { says: /refused/ },
    }),
    loading('a comment without an end', `${head}/*${'*'.repeat(900_000)}`, { ends: { says: /refused/ } }),
    loading('a file that imports itself', `${head}import "evil.proto";`, { ends: { says: /refused/ } }),
    loading('a cycle of imports', `${head}import "b.proto";`, {
      files: { 'evil.proto': `${head}import "b.proto";`, 'b.proto': 'syntax = "proto3"; import "evil.proto";' },
      ends: { says: /refused/ },
    }),
    loading('three hundred files that import each other', `${head}import "p0.proto";`, {
      files: {
        'evil.proto': `${head}import "p0.proto";`,
        ...Object.fromEntries(
          Array.from({ length: 300 }, (_, i) => [
            `p${i}.proto`,
            i < 299 ? `syntax = "proto3"; import "p${i + 1}.proto";` : 'syntax = "proto3";',
          ]),
        ),
      },
      ends: { says: /refused/ },
    }),
    loading(
      'names that objects have already',
      `${head}message __proto__ { string constructor = 1; string __proto__ = 2; string toString = 3; } message constructor {} enum hasOwnProperty { valueOf = 0; } service prototype { rpc __proto__(__proto__) returns (constructor); }`,
    ),
    loading(
      'names that would be code',
      `${head}message M { string a = 1 [json_name = "x\\"];process.exit();//", default = "\${process.exit()}"]; }\nservice S { rpc "m" (M) returns (M); }`,
    ),
    loading(
      'numbers out of every range',
      `${head}message M { string a = 99999999999999999999; string b = -1; string c = 0; reserved 1 to 536870912; } enum E { X = 99999999999; }`,
      { ends: { says: /refused/ } },
    ),
    loading('bytes that are no text', randomBytes(100_000), { ends: { says: /refused/ } }),
    loading(
      'editions and features that do not exist',
      'edition = "9999";\noption features.(pb.evil).x = {a: [1, {b: 2}]};\nmessage M {}',
    ),
    protoset('a protoset of random bytes', randomBytes(500_000), { ends: { says: /refused/ } }),
    protoset('a protoset nested five thousand deep', deepDescriptors(5000), { ends: { says: /refused/ } }),
    protoset('a protoset of a million empty files', Buffer.from('0a00'.repeat(1_000_000), 'hex'), {
      ends: { says: /refused/ },
    }),
    protoset('a protoset that says it is 4 GB', Buffer.from([10, 255, 255, 255, 255, 15, 1, 2, 3])),
    protoset('a protoset of ten megabytes', Buffer.alloc(10_000_000, 10), { ends: { says: /refused/ } }),
    reflecting('reflection of random bytes', (send) => send(randomBytes(2000))),
    reflecting('reflection that never ends', (send) => {
      for (let i = 0; i < 2000; i++) send(listResponse([`s${i}`]))
    }),
    reflecting('reflection of a hundred thousand services', (send) =>
      send(listResponse(Array.from({ length: 100_000 }, (_, i) => `a.S${i}`))),
    ),
    reflecting('reflection with files nested without end', (send) =>
      send(fileResponse(deepDescriptors(5000).subarray(3))),
    ),
    reflecting('reflection of names with control characters', (send) =>
      send(listResponse(['\u001b[2J\u0007evil', '__proto__', '', 'a'.repeat(100_000)])),
    ),
    reflecting('reflection that says nothing', () => {}),
  ],
}

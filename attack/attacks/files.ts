/** Files: every spelling of a path that leads out of the folder, and everything at a path that is no plain file. */
import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, linkSync, mkdirSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Area, Attack } from '../attack.js'

/** Reads paths with everything that reads; what it gets is shown, and the secret must not be among it. */
const reading = (name: string, paths: string, more: Partial<Attack> = {}): Attack => ({
  name,
  init: `import grpc from 'k6/net/grpc'
import fs from 'k6/experimental/fs'
const client = new grpc.Client()
for (const path of ${paths}) {
  try { console.log('READ', open(path).slice(0, 100)) } catch (e) { console.log('open', e.message) }
  try { console.log('READ', new Uint8Array(open(path, 'b')).length) } catch {}
  try { client.load([], path); console.log('READ as schema') } catch (e) { console.log('load', e.message) }
  try { client.load([path], 'secret.txt'); console.log('READ as folder') } catch (e) {}
  try { client.loadProtoset(path); console.log('READ as protoset') } catch (e) { console.log('protoset', e.message) }
  try { console.log('READ', JSON.stringify(require(path))) } catch (e) {}
}
console.log('tried')`,
  attack: '',
  limits: { initCpuMs: 4000 },
  ends: { says: /tried/, neverSays: /READ/ },
  ...more,
})

export const files: Area = {
  name: 'files',
  attacks: [
    reading(
      'paths that climb',
      "['../outside/secret.txt', './../outside/secret.txt', 'a/../../outside/secret.txt', '..\\\\outside\\\\secret.txt', '%2e%2e/outside/secret.txt', '..%2foutside%2fsecret.txt', '....//outside/secret.txt', '../script/../outside/secret.txt', './/..//outside//secret.txt', '../../../../../../etc/passwd', '../outside/secret.js']",
    ),
    reading(
      'absolute paths',
      "[__ENV.OUTSIDE + '/secret.txt', '/etc/passwd', '//' + __ENV.OUTSIDE + '/secret.txt', '/proc/self/root' + __ENV.OUTSIDE + '/secret.txt', '/proc/self/cwd/package.json', '~/.ssh/id_rsa', '/root/.npmrc']",
      {
        ends: { says: /tried/, neverSays: /READ/, refusedBy: 'files.read' },
      },
    ),
    reading(
      'file URLs',
      "['file://' + __ENV.OUTSIDE + '/secret.txt', 'file:' + __ENV.OUTSIDE + '/secret.txt', 'FILE:///etc/passwd', 'file://localhost/etc/passwd', 'data:text/plain,x', 'http://127.0.0.2/x', 'file:../outside/secret.txt']",
    ),
    reading(
      'names with NUL, and names without end',
      "['secret.txt\\0', '../outside/secret.txt\\0.js', '\\0', 'a'.repeat(300), 'a/'.repeat(3000), '/'.repeat(5000), '', '.', '..', '/', ' ', '\\ud800', 'con', '*', '../outside/*']",
    ),
    reading(
      'symbolic links to a file and to a folder',
      "['link.txt', 'folder/secret.txt', 'chain', 'loop', 'up/secret.txt', 'link.js']",
      {
        prepare: ({ folder, outside }) => {
          symlinkSync(join(outside, 'secret.txt'), join(folder, 'link.txt'))
          symlinkSync(join(outside, 'secret.js'), join(folder, 'link.js'))
          symlinkSync(outside, join(folder, 'folder'))
          symlinkSync('../outside', join(folder, 'up'))
          symlinkSync('link.txt', join(folder, 'chain'))
          symlinkSync('loop', join(folder, 'loop'))
        },
        ends: { says: /tried/, neverSays: /READ/, refusedBy: 'files.read' },
      },
    ),
    reading('pipes, sockets and folders', "['pipe', 'socket', 'folder', 'pipe-link']", {
      prepare: async ({ folder }) => {
        execFileSync('mkfifo', [join(folder, 'pipe')])
        symlinkSync('pipe', join(folder, 'pipe-link'))
        mkdirSync(join(folder, 'folder'))
        const server = createServer().listen(join(folder, 'socket')).unref()
        await new Promise((done) => server.once('listening', done))
      },
    }),
    reading(
      'devices and what the kernel shows',
      "['/dev/zero', '/dev/stdin', '/dev/fd/0', '/dev/tty', '/proc/self/environ', '/proc/self/mem', '/proc/self/maps', '/proc/1/environ', '/sys/kernel/notes', '/proc/self/fd/3', 'environ']",
      {
        prepare: ({ folder }) => symlinkSync('/proc/self/environ', join(folder, 'environ')),
        ends: { says: /tried/, neverSays: /READ/, refusedBy: 'files.read' },
      },
    ),
    reading('a file of 3 GB that is a hole', "['hole']", {
      prepare: ({ folder }) => {
        const handle = openSync(join(folder, 'hole'), 'w')
        ftruncateSync(handle, 3 * 2 ** 30)
        closeSync(handle)
      },
      ends: { says: /fileBytes|has 3221225472 bytes/, neverSays: /READ/ },
    }),
    {
      name: 'all files together are too much',
      init: "import encoding from 'k6/encoding'\nlet n = 0\ntry { for (let i = 0; i < 10; i++) { open('f' + i, 'b'); n++ } } catch (e) { console.log('after', n, e.message) }",
      attack: '',
      prepare: ({ folder }) => {
        for (let i = 0; i < 10; i++) writeFileSync(join(folder, `f${i}`), Buffer.alloc(1_000_000))
      },
      limits: { allFilesBytes: 3_000_000, initCpuMs: 4000 },
      ends: { limit: 'allFilesBytes' },
    },
    {
      name: 'a file of k6/experimental/fs outside of the folder',
      init: "import fs from 'k6/experimental/fs'\nfor (const p of ['../outside/secret.txt', 'link', '/etc/passwd']) { try { const f = await fs.open(p); const b = new Uint8Array(100); await f.read(b); console.log('READ', String.fromCharCode(...b)) } catch (e) { console.log(e.message) } }\nconsole.log('tried')",
      prepare: ({ folder, outside }) => symlinkSync(join(outside, 'secret.txt'), join(folder, 'link')),
      attack: '',
      ends: { says: /tried/, neverSays: /READ/ },
    },
    {
      name: 'an import through a symbolic link',
      script: "import secret from './link.js'\nconsole.log('READ', secret)\nexport default function () {}",
      prepare: ({ folder, outside }) => symlinkSync(join(outside, 'secret.js'), join(folder, 'link.js')),
      ends: { error: ['FILE_DENIED', 'SCRIPT_EXCEPTION'], neverSays: /READ/, refusedBy: 'files.read' },
    },
    {
      name: 'an import of a file outside of the folder',
      script: "import secret from '../outside/secret.js'\nconsole.log('READ', secret)\nexport default function () {}",
      ends: { error: ['FILE_DENIED', 'SCRIPT_EXCEPTION'], neverSays: /READ/, refusedBy: 'files.read' },
    },
    {
      name: 'a package whose main file lies outside of the folder',
      script: "import secret from 'evil'\nconsole.log('READ', secret)\nexport default function () {}",
      files: {
        'node_modules/evil/package.json':
          '{"name":"evil","main":"../../../outside/secret.js","exports":"./../../../outside/secret.js"}',
      },
      ends: { error: ['FILE_DENIED', 'SCRIPT_EXCEPTION', 'FILE_NOT_FOUND'], neverSays: /READ/ },
    },
    {
      name: 'a folder of packages that is a link',
      script: "import secret from 'evil/secret.js'\nconsole.log('READ', secret)\nexport default function () {}",
      prepare: ({ folder, outside }) => {
        mkdirSync(join(folder, 'node_modules'))
        symlinkSync(outside, join(folder, 'node_modules/evil'))
      },
      ends: { error: ['FILE_DENIED', 'SCRIPT_EXCEPTION', 'FILE_NOT_FOUND'], neverSays: /READ/ },
    },
    {
      name: 'a source map that is a secret file',
      script: "export default function () { throw new Error('mapped') }\n//# sourceMappingURL=../outside/secret.txt",
      ends: { says: /mapped/ },
    },
    {
      name: 'an import of proto files outside of the folder',
      init: "import grpc from 'k6/net/grpc'\nconst client = new grpc.Client()\nfor (const file of ['climb.proto', 'link.proto']) { try { client.load(null, file) } catch (e) { console.log(e.message) } }\ntry { client.load(['../outside', __ENV.OUTSIDE], 'secret.txt') } catch (e) { console.log(e.message) }\nconsole.log('tried')",
      attack: '',
      files: {
        'climb.proto': 'syntax = "proto3"; import "../outside/secret.txt";',
        'link.proto': 'syntax = "proto3"; import "linked.txt";',
      },
      prepare: ({ folder, outside }) => symlinkSync(join(outside, 'secret.txt'), join(folder, 'linked.txt')),
      ends: { says: /tried/ },
    },
    {
      name: 'the environment of the process',
      attack:
        "console.log('ENV', JSON.stringify(__ENV)); for (const n of ['ATTACK_SECRET', 'PATH', 'HOME', 'NODE_OPTIONS', 'grpc_proxy']) if (__ENV[n] !== undefined) console.log('READ', n)",
      ends: { says: /ENV/, neverSays: /READ/ },
    },
    {
      name: 'a hard link to a file of the folder is a file of the folder',
      init: "console.log(open('linked').length)",
      attack: '',
      files: { original: 'mine' },
      prepare: ({ folder }) => linkSync(join(folder, 'original'), join(folder, 'linked')),
      ends: { says: /msg=4/ },
    },
  ],
}

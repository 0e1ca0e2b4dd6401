import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { packageRoot } from '../../package-root.js'
import { runCommand } from '../support/run-command.js'

const tls = join(packageRoot, 'test', 'tls')

describe('belljar run, as it loads modules', () => {
  let folder: string
  let server: Server
  let origin: string
  /** What the server has, by path. */
  let remote: Record<string, string> = {}

  before(async () => {
    server = createServer(
      { cert: readFileSync(join(tls, 'server.pem')), key: readFileSync(join(tls, 'server.key')) },
      (request, response) => {
        const text = remote[request.url!]
        if (text === undefined) response.writeHead(404).end()
        else response.end(text)
      },
    )
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    origin = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  beforeEach(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'belljar-')))
    remote = {}
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function write(files: Record<string, string>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true })
      writeFileSync(join(folder, name), text)
    }
  }

  /** The command to its end, with its log as lines without times. */
  const belljar = async (args: readonly string[], input = '') => {
    const env = { NODE_EXTRA_CA_CERTS: join(tls, 'ca.pem') }
    const { code, err } = await runCommand(folder, ['run', '-q', ...args], { env, input })
    const lines = err.split('\n').filter(Boolean)
    return { code, log: lines.map((line) => line.replace(/^time="[^"]*" /, '')) }
  }

  it('fetches modules from https, which import one another, and warns that nothing holds them', async () => {
    remote['/lib/a.js?v=2'] = "import { b } from './b.ts'; export const a = b + ' ' + import.meta.resolve('../c.js')"
    remote['/lib/b.ts'] = "import name from '/data.json'; export const b: string = name.is"
    remote['/data.json'] = '{ "is": "typed" }'
    write({ 'main.js': `import { a } from '${origin}/lib/a.js?v=2'\nexport default () => console.log(a)` })
    const { code, log } = await belljar(['main.js'])
    assert.deepEqual(log, [
      'level=warning msg="3 remote modules may change between runs; --update-lock writes a lock file that tells when they do"',
      `level=info msg="typed ${origin}/c.js" source=console`,
    ])
    assert.equal(code, 0)
  })

  it('runs a main script from https', async () => {
    remote['/main.js'] = "import { x } from './x.js'; export default () => console.log(x)"
    remote['/x.js'] = 'export const x = 5'
    const { code, log } = await belljar([`${origin}/main.js`])
    assert.equal(log[1], 'level=info msg=5 source=console')
    assert.equal(code, 0)
  })

  it('tells in the words of k6 what cannot be fetched, and what a remote module may not', async () => {
    remote['/open.js'] = "export const text = open('/etc/hostname')"
    remote['/file.js'] = `import 'file://${folder}/a.js'; export const text = 1`
    write({ 'a.js': '1' })
    for (const [name, text] of [
      [
        '/nope.js',
        `The moduleSpecifier \\"${origin}/nope.js\\" couldn't be retrieved from the resolved url \\"${origin}/nope.js\\". Error : \\"unexpected status 404 of ${origin}/nope.js\\"`,
      ],
      ['/open.js', `GoError: origin (${origin}/open.js) not allowed to load local file: /etc/hostname`],
      ['/file.js', `origin (${origin}/file.js) not allowed to load local file: file://${folder}/a.js`],
    ] as const) {
      write({ 'main.js': `import { text } from '${origin}${name}'\nexport default () => console.log(text)` })
      const { code, log } = await belljar(['main.js'])
      assert.ok(
        log.some((line) => line.startsWith('level=error') && line.includes(text)),
        log.join('\n'),
      )
      assert.equal(code, 107)
    }
  })

  it('holds remote modules to the lock file, which it writes when asked', async () => {
    remote['/a.js'] = 'export const a = 1'
    write({ 'main.js': `import { a } from '${origin}/a.js'\nexport default () => console.log(a)` })
    const updated = await belljar(['--update-lock', 'main.js'])
    assert.deepEqual(updated, { code: 0, log: ['level=info msg=1 source=console'] })
    const lock = JSON.parse(readFileSync(join(folder, 'belljar.lock.json'), 'utf8'))
    assert.deepEqual(Object.keys(lock.modules), [`${origin}/a.js`])
    assert.deepEqual(await belljar(['main.js']), { code: 0, log: ['level=info msg=1 source=console'] })

    remote['/a.js'] = 'export const a = 2'
    const changed = await belljar(['main.js'])
    assert.equal(changed.code, 107)
    assert.equal(changed.log.length, 1)
    assert.match(
      changed.log[0]!,
      /the remote module https:\S+\/a\.js has changed: the lock file expects sha256 [0-9a-f]{64} \(18 bytes\), got [0-9a-f]{64} \(18 bytes\)" hint="--update-lock takes the new one, if you trust it"/,
    )

    write({ 'other.js': `import '${origin}/a.js?other'\nexport default () => {}` })
    remote['/a.js?other'] = '1'
    const unknown = await belljar(['other.js'])
    assert.equal(unknown.code, 107)
    assert.match(unknown.log[0]!, /\/a\.js\?other is not in the lock file" hint="--update-lock adds it/)

    const named = await belljar(['--lock', 'locks/other.json', 'other.js'])
    assert.equal(named.code, 255)
    assert.match(named.log[0]!, /the lock file \S+locks\/other\.json cannot be read \(ENOENT\)/)
    assert.equal(existsSync(join(folder, 'locks')), false)
  })

  it('names the file, the line and the column of the user: in TypeScript, in CommonJS, in bundles', async () => {
    const source =
      "interface Unused {\n  a: 1\n}\n\nexport function fail(): never {\n  throw new Error('from TypeScript')\n}\n"
    const map = { version: 3, sources: ['../src/real.ts'], names: [], mappings: 'AAAA;SAISA' }
    const bundle = "export function bundled () {\n throw new Error('from a bundle')\n}\n"
    write({
      'main.ts': "import { fail } from './lib.ts'\nexport default (): void => {\n  fail()\n}\n",
      'lib.ts': source,
      'cjs.js': "exports.default = () => { throw new Error('from CommonJS') }",
      'dist/inline.js': `import { bundled } from './bundle.js'\nexport default () => bundled()`,
      'dist/bundle.js': `${bundle}//# sourceMappingURL=bundle.js.map\n`,
      'dist/bundle.js.map': JSON.stringify({ ...map, mappings: 'AAAA;CAIM' }),
      'lost.js': 'export default () => {}\n//# sourceMappingURL=lost.js.map',
    })
    const errorOf = async (name: string) => (await belljar([name])).log.join('\n')
    assert.match(
      await errorOf('main.ts'),
      /Error: from TypeScript\\n\\tat fail \(file:\S+\/lib\.ts:6:13\)\\n\\tat (default \()?file:\S+\/main\.ts:3:3\)?\\n/,
    )
    assert.match(await errorOf('cjs.js'), /Error: from CommonJS\\n\\tat file:\S+\/cjs\.js:1:42\\n/)
    assert.match(
      await errorOf('dist/inline.js'),
      /Error: from a bundle\\n\\tat bundled \(file:\S+\/src\/real\.ts:5:7\)\\n/,
    )
    assert.match(
      await errorOf('lost.js'),
      /level=warning msg="Couldn't load source map for file:\S+\/lost\.js" error="there is no such file"/,
    )
  })

  it('strips the types of a script from standard input', async () => {
    const typed = 'enum E { A = 3 }\nexport default (): void => console.log(E.A as number)'
    assert.deepEqual((await belljar(['-'], typed)).log, ['level=info msg=3 source=console'])
    assert.match((await belljar(['-'], 'export default () => { let = }')).log[0]!, /Line 1:30 Unexpected token \}/)
  })

  it('runs packages of npm', async () => {
    write({
      'node_modules/greet/package.json': '{"exports": {"import": "./esm.js", "require": "./cjs.cjs"}}',
      'node_modules/greet/esm.js':
        "import words from './words.json'; export const greet = (x) => words.hello + ' ' + x",
      'node_modules/greet/cjs.cjs': "exports.greet = (x) => require('./words').hello + ', ' + x",
      'node_modules/greet/words.json': '{"hello": "hallo"}',
      'main.js':
        "import { greet } from 'greet'\nconst cjs = require('greet')\nexport default () => console.log(greet('a'), cjs.greet('b'))",
    })
    assert.deepEqual((await belljar(['main.js'])).log, ['level=info msg="hallo a hallo, b" source=console'])
  })

  it('opens files beside the module that runs, and warns once when the call is written elsewhere', async () => {
    write({
      'main.js': "import { read } from './lib/read.js'\nconst text = read()\nexport default () => console.log(text)",
      'lib/read.js': "export const read = () => open('./a.txt')\nexport const own = read()",
      'a.txt': 'main',
      'lib/a.txt': 'lib',
    })
    const { log } = await belljar(['main.js'])
    assert.equal(log.length, 2)
    assert.match(log[0]!, /^level=warning msg="open\(\) was used and is currently relative to 'file:\S+\/', /)
    assert.equal(log[1], 'level=info msg=main source=console')
  })

  it('says which name a module does not export, as k6 does', async () => {
    write({
      'main.js': "import { gone } from './lib.js'\nexport default () => gone",
      'lib.js': 'export const here = 1',
    })
    const { code, log } = await belljar(['main.js'])
    assert.equal(code, 107)
    assert.match(
      log[0]!,
      /SyntaxError: The requested module \\"\.\/lib\.js\\" does not provide an export named \\"gone\\"/,
    )
  })
})

/** Modules: how a script comes in. Cycles, floods, bombs for the parser, for TypeScript and for source maps. */
import type { Area, Attack } from '../attack.js'

const many = (count: number, text: (i: number) => string) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`m${i}.js`, text(i)]))

/** The whole script is the attack; most are refused before there is a VU. */
const importing = (name: string, script: string, more: Partial<Attack> = {}): Attack => ({
  name,
  script,
  ends: {},
  ...more,
})

const anyRefusal = [
  'SCRIPT_EXCEPTION',
  'LIMIT_CPU',
  'LIMIT_SIZE',
  'LIMIT_COUNT',
  'LIMIT_MEMORY',
  'LIMIT_STACK',
] as const

export const modules: Area = {
  name: 'modules',
  attacks: [
    importing(
      'a module that imports itself',
      "import self from './script.js'\nexport default function () { console.log(typeof self) }",
    ),
    importing('a cycle of a hundred modules', "import './m0.js'\nexport default function () {}", {
      files: many(100, (i) => `import './m${(i + 1) % 100}.js'\nexport const v = ${i}`),
    }),
    importing('a chain of 400 modules', "import './m0.js'\nexport default function () {}", {
      files: many(400, (i) => (i < 399 ? `import './m${i + 1}.js'` : 'export default 1')),
      limits: { initCpuMs: 8000 },
    }),
    importing(
      'more modules than are allowed',
      `${Array.from({ length: 60 }, (_, i) => `import './m${i}.js'`).join('\n')}\nexport default function () {}`,
      {
        files: many(60, (i) => `export default ${i}`),
        limits: { moduleCount: 50, initCpuMs: 8000 },
        ends: { error: ['LIMIT_COUNT', 'LIMIT_SIZE', 'SCRIPT_EXCEPTION'], limit: 'moduleCount' },
      },
    ),
    importing('a module that is larger than allowed', "import './big.js'\nexport default function () {}", {
      files: { 'big.js': `//${'x'.repeat(1_000_000)}` },
      limits: { moduleBytes: 500_000 },
      ends: { error: ['LIMIT_SIZE', 'SCRIPT_EXCEPTION'], limit: 'moduleBytes' },
    }),
    importing(
      'a main module that is larger than allowed',
      `//${'x'.repeat(1_000_000)}\nexport default function () {}`,
      {
        limits: { moduleBytes: 500_000 },
        ends: { error: ['LIMIT_SIZE', 'SCRIPT_EXCEPTION'], limit: 'moduleBytes' },
      },
    ),
    importing(
      'TypeScript nested without end',
      `type T = ${'{ a: '.repeat(20_000)}1${' }'.repeat(20_000)}\nexport default function () {}`,
      { mainName: 'script.ts', ends: { error: anyRefusal } },
    ),
    importing(
      'TypeScript with generics nested without end',
      `let x: ${'A<'.repeat(20_000)}1${'>'.repeat(20_000)}\nexport default function () {}`,
      { mainName: 'script.ts', ends: { error: anyRefusal } },
    ),
    importing(
      'TypeScript of four megabytes',
      `${'const enum E { A = 1 }\nlet v: number = 1;\n'.replace('const enum E', 'interface I').replace('A = 1', 'a: 1').repeat(1)}${'type A = { a: string | number };\n'.repeat(120_000)}export default function () {}`,
      { mainName: 'script.ts', limits: { initCpuMs: 8000 }, ends: { error: 'LIMIT_SIZE' } },
    ),
    importing(
      'brackets nested without end',
      `export default function () {}\n${'['.repeat(100_000)}${']'.repeat(100_000)}`,
      { ends: { error: anyRefusal } },
    ),
    importing(
      'a template nested without end',
      `export default function () {}\n${'`${'.repeat(20_000)}1${'}`'.repeat(20_000)}`,
      { ends: { error: anyRefusal } },
    ),
    importing('a sum without end', `export default function () {}\nconst x = ${'1+'.repeat(500_000)}1`, {
      limits: { initCpuMs: 8000 },
      ends: {},
    }),
    importing('a JSON module nested without end', "import x from './x.json'\nexport default function () {}", {
      files: { 'x.json': '['.repeat(200_000) + ']'.repeat(200_000) },
      ends: { error: anyRefusal },
    }),
    importing(
      'a JSON module with __proto__',
      "import x from './x.json'\nexport default function () { console.log({}.polluted ? 'ESCAPED' : 'tried') }",
      { files: { 'x.json': '{"__proto__":{"polluted":1}}' }, ends: { says: /tried/, neverSays: /ESCAPED/ } },
    ),
    importing(
      'a source map that is a bomb',
      `export default function () { throw new Error('mapped') }\n//# sourceMappingURL=data:application/json;base64,${Buffer.from(JSON.stringify({ version: 3, sources: ['\u001b[31m../../../../etc/passwd'], names: [], mappings: 'AAAA;'.repeat(300_000) + '/'.repeat(1000) })).toString('base64')}`,
      { limits: { initCpuMs: 6000 }, ends: { says: /mapped/ } },
    ),
    importing(
      'a source map that names files of the host',
      "export default function () { throw new Error('mapped') }\n//# sourceMappingURL=out.map",
      {
        files: {
          'out.map': JSON.stringify({
            version: 3,
            sourceRoot: '/etc/',
            sources: ['passwd', '__proto__', 'file:///etc/shadow'],
            sourcesContent: [null, 1, {}],
            names: ['__proto__'],
            mappings: 'AAAA,CCAA;ADDA',
          }),
        },
        ends: { says: /mapped/ },
      },
    ),
    importing('packages that point at each other', "import 'a'\nexport default function () {}", {
      files: {
        'node_modules/a/package.json': '{"name":"a","exports":{".":{"import":"./node_modules/b"}},"main":"../b"}',
        'node_modules/b/package.json': '{"name":"b","main":"../a"}',
      },
      ends: { error: ['SCRIPT_EXCEPTION', 'FILE_NOT_FOUND', 'FILE_DENIED'] },
    }),
    importing('a package.json of patterns', "import 'a/x/y/z'\nexport default function () {}", {
      files: {
        'node_modules/a/package.json': JSON.stringify({
          name: 'a',
          exports: Object.fromEntries([
            ['__proto__', './x'],
            ...Array.from({ length: 5000 }, (_, i) => [`./${'*'.repeat(1)}${i}/*`, './../../../outside/*']),
          ]),
        }),
      },
      ends: { error: ['SCRIPT_EXCEPTION', 'FILE_NOT_FOUND', 'FILE_DENIED', 'LIMIT_SIZE'] },
    }),
    importing(
      'names of modules with control characters',
      "try { require('\\u001b[2J\\r\\n./x') } catch (e) { console.log(e.message) }\ntry { require('./x\\0.js') } catch (e) { console.log(e.message) }\ntry { require('__proto__') } catch (e) {}\nexport default function () { console.log('tried') }",
      { ends: { says: /tried/ } },
    ),
    importing(
      'a require() in a loop',
      "for (let i = 0; i < 20000; i++) { try { require('./none' + i) } catch {} }\nexport default function () {}",
      { limits: { initCpuMs: 2000 }, ends: { error: [...anyRefusal] } },
    ),
    importing('a script that is no text', '\u0000\u0001\ufffe', {
      ends: { error: ['SCRIPT_EXCEPTION', 'SCRIPT_NO_EXPORTS'] },
    }),
    importing('an empty script', '', { ends: { error: ['SCRIPT_NO_EXPORTS', 'SCRIPT_EXCEPTION'] } }),
    importing(
      'a syntax error full of control characters',
      "export default function () { '\\u001b[2J'; \u001b]0;x\u0007 )( }",
      { ends: { error: 'SCRIPT_EXCEPTION' } },
    ),
    importing(
      'an import in each of many turns',
      'export default async function () { for (let i = 0; i < 3000; i++) { try { await import("./none" + i + ".js") } catch {} } }',
      { limits: { cpuMs: 4000 }, ends: {} },
    ),
    importing(
      'CommonJS modules that require each other',
      "const a = require('./a.cjs')\nexport default function () { console.log('tried', typeof a) }",
      {
        files: {
          'a.cjs': "module.exports = require('./b.cjs')",
          'b.cjs':
            "module.exports = require('./a.cjs'); Object.defineProperty(module, 'exports', { get() { throw 1 } })",
        },
        ends: { error: 'SCRIPT_EXCEPTION' },
      },
    ),
  ],
}

/**
 * CPU: loops that the engine never leaves, loops of the engine itself that ask nobody, interrupts that are swallowed, and
 * work in every place where a script has its say.
 */
import type { Area, Attack, Ending } from '../attack.js'

const held: Ending = { limit: 'cpuMs', neverSays: /survived/ }

/** Runs until somebody stops it: one line of code that never ends. */
const endless = (name: string, attack: string, more: Partial<Attack> = {}): Attack => ({
  name,
  attack: `${attack}\nconsole.log('survived')`,
  ends: held,
  ...more,
})

export const cpu: Area = {
  name: 'cpu',
  attacks: [
    endless('a plain endless loop', 'for (;;);'),
    endless(
      'a loop that catches everything',
      'for (;;) { try { throw 1 } catch {} finally { try { null.x } catch {} } }',
    ),
    endless(
      'an iterator that never ends',
      'const i = { [Symbol.iterator]: () => i, next: () => ({ done: false }) }; for (const x of i);',
    ),
    endless('a regular expression that backtracks for ever', "/^(a+)+$/.test('a'.repeat(40) + 'b')"),
    // Loops of the engine: no jump and no call of the script, so nobody is asked whether to go on.
    endless('indexOf of an array-like of 2^53 elements', '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)'),
    endless('the same beside a healthy VU of the same thread', '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)', {
      threads: 1,
    }),
    endless('forEach of an array-like of 2^53 elements', '[].forEach.call({ length: 2 ** 53 - 1 }, () => {})'),
    endless('reverse of an array-like of 2^53 elements', '[].reverse.call({ length: 2 ** 53 - 1 })'),
    endless('copyWithin of an array-like of 2^53 elements', '[].copyWithin.call({ length: 2 ** 53 - 1 }, 0, 1)'),
    endless('join of a sparse array', "new Array(2 ** 32 - 1).join('')"),
    endless('sort of a sparse array', 'const a = []; a[2 ** 32 - 2] = 1; a.sort()'),
    endless('flat of a sparse array', 'for (;;) new Array(2 ** 31).flat(Infinity)'),
    endless(
      'JSON of a graph with 2^40 paths',
      'let g = {}; for (let i = 0; i < 40; i++) g = { a: g, b: g }; JSON.stringify(g)',
    ),
    endless(
      'JSON of a Proxy that says it is an endless array',
      'for (;;) JSON.stringify(new Proxy([], { get: (t, k) => (k === "length" ? 2 ** 53 - 1 : undefined) }))',
    ),
    endless(
      'a quadratic search in a long string',
      "const s = 'a'.repeat(4e6); for (;;) s.indexOf('a'.repeat(2e6) + 'b')",
    ),
    endless(
      'normalize of combining marks',
      "for (;;) ('a' + '\\u0315\\u0300\\u05ae\\u0062'.repeat(2e5)).normalize('NFD')",
    ),
    endless('a middling native call in a loop', "const s = 'b'.repeat(20000) + 'a'; for (;;) s.includes('ab')", {
      threads: 1,
    }),
    endless('replaceAll that grows and is cut again', "let s = 'a'.repeat(1e5); for (;;) s.replaceAll('a', 'bb')"),
    endless('a typed array that is searched again and again', 'const t = new Uint8Array(8e6); for (;;) t.indexOf(7)'),
    endless('fill of a large typed array', 'const t = new Float64Array(1e6); for (;;) t.fill(1)'),
    endless('a BigInt that is squared for ever', 'for (;;) { let n = 3n; for (let i = 0; i < 22; i++) n *= n }'),
    endless('an eval of an endless sum', "for (;;) eval('1+'.repeat(3e5) + '1')"),
    endless('new Function with an endless body', "for (;;) new Function('x=1;'.repeat(2e5))"),
    endless(
      'a spread of millions of arguments',
      'const f = () => 1; for (;;) { try { f(...new Array(6e4)) } catch {} }',
    ),
    endless('stack overflows that are caught for ever', 'function f() { try { f() } catch { f() } } f()'),
    endless('Array.from of an endless length', 'Array.from({ length: 2 ** 32 - 1 })', {
      ends: { says: /cpuMs|out of memory/, neverSays: /survived/ },
    }),
    endless('String.raw of an endless template', 'String.raw({ raw: { length: 2 ** 53 - 1 } })'),
    // The handler asks, and the script swallows the answer.
    endless(
      'an interrupt inside the toString of an argument',
      'for (;;) console.log({ toString() { for (;;); }, toJSON() { for (;;); } })',
    ),
    endless(
      'an interrupt inside a getter of parameters',
      "for (;;) { try { http.get('http://' + __ENV.GOOD, { get headers() { for (;;); } }) } catch {} }",
      {
        init: "import http from 'k6/http'",
      },
    ),
    endless(
      'an interrupt inside a Proxy of tags',
      'for (;;) { try { c.add(1, new Proxy({}, { ownKeys() { for (;;); } })) } catch {} }',
      {
        init: "import { Counter } from 'k6/metrics'\nconst c = new Counter('hits')",
      },
    ),
    endless(
      'an interrupt inside the Promise constructor',
      'for (;;) { try { new Promise(() => { for (;;); }) } catch {} }',
    ),
    endless('an interrupt inside a comparator', 'for (;;) { try { [3, 2, 1].sort(() => { for (;;); }) } catch {} }'),
    endless('an interrupt inside a check', 'for (;;) { try { check(1, { a: () => { for (;;); } }) } catch {} }', {
      init: "import { check } from 'k6'",
    }),
    endless(
      'an interrupt inside a generator that is returned',
      'function* g() { try { for (;;) yield 1 } finally { for (;;); } } for (const x of g()) break',
    ),
    // A script that is always about to wait.
    {
      name: 'a loop that only sleeps',
      init: "import { sleep } from 'k6'",
      attack: 'for (;;) sleep(0.001)',
      limits: { iterationMs: 2000 },
      ends: { says: /iterationMs|cpuMs/ },
    },
    {
      name: 'a loop that works a little and sleeps a little',
      init: "import { sleep } from 'k6'",
      attack: 'for (;;) { const end = Date.now() + 20; while (Date.now() < end); sleep(0.001) }',
      limits: { iterationMs: 6000 },
      ends: { limit: 'cpuMs' },
    },
    {
      name: 'iterations that each stay just below the limit',
      attack: 'const end = Date.now() + 200; while (Date.now() < end);',
      iterations: 1000,
      limits: { runCpuMs: 2000 },
      neighbour: 'ends with the run',
      ends: { error: 'LIMIT_CPU', limit: 'runCpuMs' },
    },
    // Every other place where a script has its say.
    {
      name: 'init code that never ends',
      script: 'for (;;);\nexport default function () {}',
      limits: { initCpuMs: 400 },
      ends: { error: 'LIMIT_CPU', limit: 'initCpuMs' },
    },
    {
      name: 'init code in a native loop',
      script: '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)\nexport default function () {}',
      limits: { initCpuMs: 400 },
      ends: { error: 'LIMIT_CPU', limit: 'initCpuMs' },
    },
    {
      name: 'init code that hangs in the VUs and not in the first init',
      script: 'if (__VU > 0) [].indexOf.call({ length: 2 ** 53 - 1 }, 1)\nexport default function () {}',
      limits: { initCpuMs: 400 },
      ends: { error: 'LIMIT_CPU', limit: 'initCpuMs' },
    },
    {
      name: 'a module that awaits for ever',
      script: 'await new Promise(() => {})\nexport default function () {}',
      ends: { error: 'SCRIPT_NO_EXPORTS' },
    },
    {
      name: 'options that never end being read',
      script: 'export const options = { get vus() { for (;;); } }\nexport default function () {}',
      limits: { initCpuMs: 400 },
      ends: { error: ['LIMIT_CPU', 'SCRIPT_EXCEPTION'] },
    },
    {
      name: 'setup() in a native loop',
      script: 'export function setup() { [].indexOf.call({ length: 2 ** 53 - 1 }, 1) }\nexport default function () {}',
      ends: { error: 'LIMIT_CPU', limit: 'stageCpuMs' },
    },
    {
      name: 'teardown() in a native loop',
      init: 'export function teardown() { [].indexOf.call({ length: 2 ** 53 - 1 }, 1) }',
      attack: '',
      ends: { error: 'LIMIT_CPU', limit: 'stageCpuMs' },
    },
    {
      name: 'handleSummary() in a native loop',
      init: 'export function handleSummary() { [].indexOf.call({ length: 2 ** 53 - 1 }, 1) }',
      attack: '',
      ends: { limit: 'stageCpuMs' },
    },
    {
      name: 'a VU that hangs again after each restart',
      attack: '[].indexOf.call({ length: 2 ** 53 - 1 }, 1)',
      iterations: 100,
      limits: { vmLosses: 2 },
      neighbour: 'ends with the run',
      ends: { error: 'LIMIT_CPU', says: /cpuMs/ },
    },
    {
      name: 'a timer callback in a native loop',
      attack: 'setTimeout(() => { [].indexOf.call({ length: 2 ** 53 - 1 }, 1) }, 10)',
      ends: held,
    },
  ],
}

/** Memory of the VM: everything that grows. */
import type { Area, Attack } from '../attack.js'

/** Grows until there is no room; the script must be told so, or lose its VM, and nobody else may feel it. */
const growing = (name: string, attack: string, more: Partial<Attack> = {}): Attack => ({
  name,
  attack,
  limits: { cpuMs: 3000, iterationMs: 6000 },
  ends: { says: /out of memory|memoryBytes|cpuMs|LIMIT_MEMORY/ },
  ...more,
})

export const memory: Area = {
  name: 'memory',
  attacks: [
    growing('buffers without end', 'const a = []; for (;;) a.push(new ArrayBuffer(1e6))'),
    growing(
      'buffers without end, whose errors are caught',
      "const a = []; for (let i = 0; i < 3000; i++) { try { a.push(new ArrayBuffer(1e6)) } catch {} } a.length = 0; console.log('out of memory was caught')",
    ),
    growing('objects without end', 'let o; for (;;) o = { o }'),
    growing('a string that doubles', "let s = 'x'; for (;;) s += s + s", { ends: { says: /memory|string|cpuMs/ } }),
    growing('many strings', "const a = []; for (let i = 0; ; i++) a.push('x'.repeat(1000) + i)"),
    growing('closures without end', 'let f = () => 0; for (;;) { const g = f; f = () => g }'),
    growing('a Map without end', 'const m = new Map(); for (let i = 0; ; i++) m.set(i, { i })'),
    growing(
      'blocks of many sizes',
      'const a = []; for (let i = 0; ; i++) a[i % 200] = new Uint8Array(1000 + ((i * 7919) % 3e6)), a.push(a[i % 200])',
    ),
    growing('SharedArrayBuffers without end', 'const a = []; for (;;) a.push(new SharedArrayBuffer(1e6))', {
      ends: { says: /memory|cpuMs|not defined/ },
    }),
    growing('a chain of bind', 'let f = () => 0; for (;;) f = f.bind(null, f)'),
    growing('promise jobs that are never run', 'const a = []; for (;;) a.push(Promise.resolve().then(() => a))'),
    growing(
      'regular expressions without end',
      "const a = []; for (let i = 0; ; i++) a.push(new RegExp('a'.repeat(1000) + i))",
    ),
    growing('an array with a hole of 4 GB', 'const a = new Array(2 ** 32 - 1); a.fill(1)'),
    growing('one buffer of 2 GB', 'try { new ArrayBuffer(2 ** 31) } catch (e) { console.log(e.message) }', {
      ends: { says: /memory|length/ },
    }),
    growing(
      'memory that runs out in a promise job',
      'const a = []; await Promise.resolve().then(() => { for (;;) a.push(new ArrayBuffer(1e5)) })',
    ),
    growing(
      'memory that runs out while the error is made',
      "const a = []; for (;;) { try { for (;;) a.push('y'.repeat(100) + a.length) } catch (e) { a.push(e) } }",
    ),
    growing(
      'an answer of the host when there is no room',
      "const a = []; try { for (;;) a.push(new ArrayBuffer(1e5)) } catch {} try { a.push(encoding.b64encode('z'.repeat(8e6))) } catch (e) { a.length = 0; console.log('out of memory: ' + e.message) }",
      {
        init: "import encoding from 'k6/encoding'",
        ends: { says: /memory|cpuMs/ },
      },
    ),
    growing('init code that fills the memory', 'return', {
      attack: undefined,
      script: 'const a = []; for (;;) a.push(new ArrayBuffer(1e6))\nexport default function () {}',
      ends: { error: ['LIMIT_MEMORY', 'SCRIPT_EXCEPTION'], says: /memory/ },
    } as Partial<Attack>),
    growing('twenty VUs that all fill their memory', '', {
      script:
        'globalThis.a = []\nexport default function () { try { for (;;) globalThis.a.push(new Uint8Array(1e5).fill(1)) } catch (e) { console.log(e.message) } }',
      attack: undefined,
      options: { vus: 20, iterations: 20 },
      ends: { says: /memory/ },
    } as Partial<Attack>),
    growing('twenty-one VUs where twenty are allowed', '', {
      attack: undefined,
      script: 'export default function () {}',
      options: { vus: 21, iterations: 21 },
      ends: { error: 'LIMIT_COUNT', limit: 'vus' },
    } as Partial<Attack>),
  ],
}

/** Recursion in every shape that the engine has, and calls that wait deep inside it. */
import type { Area, Attack } from '../attack.js'

/** Dives until there is no stack; the script is told so and goes on. */
const diving = (name: string, attack: string, more: Partial<Attack> = {}): Attack => ({
  name,
  attack: `try { ${attack} } catch (e) { console.log(String(e.message)) }\nconsole.log('still here')`,
  ends: { says: /stack overflow|still here|cpuMs|memory/ },
  ...more,
})

export const stack: Area = {
  name: 'stack',
  attacks: [
    diving('plain recursion', 'const f = () => f() + 1; f()', { ends: { says: /stack overflow/ } }),
    diving('getters that ask themselves', 'const o = { get a() { return this.a } }; o.a', {
      ends: { says: /stack overflow/ },
    }),
    diving('a toString that asks itself', "const o = { toString() { return '' + o } }; '' + o", {
      ends: { says: /stack overflow/ },
    }),
    diving('a chain of Proxies', 'let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x', {
      limits: { cpuMs: 3000 },
    }),
    diving('JSON nested 100000 deep', "JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))"),
    diving(
      'JSON of an object nested 100000 deep',
      'let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; JSON.stringify(o)',
    ),
    diving('source nested 100000 deep', "eval('('.repeat(1e5) + ')'.repeat(1e5))"),
    diving('a regular expression nested 100000 deep', "new RegExp('('.repeat(1e5) + ')'.repeat(1e5))"),
    diving(
      'a list of a million links that is freed',
      'let l = null; for (let i = 0; i < 2e5; i++) l = { l }; l = null',
      { limits: { cpuMs: 3000 } },
    ),
    diving(
      'a class that extends itself 10000 times',
      'let C = class {}; for (let i = 0; i < 1e4; i++) C = class extends C {}; new C()',
    ),
    diving(
      'a call that waits at the bottom of a recursion',
      'const f = (n) => (n === 0 ? sleep(0.01) : f(n - 1) + 1); for (const n of [100, 400, 800, 1600, 2800, 5000]) { try { f(n) } catch (e) { console.log(e.message) } }',
      {
        init: "import { sleep } from 'k6'",
        ends: { says: /still here/ },
      },
    ),
    diving(
      'a call that waits at the bottom of nested getters',
      'const make = (n) => (n === 0 ? { get a() { sleep(0.01); return 1 } } : { get a() { return make(n - 1).a } }); for (const n of [100, 400, 800, 1600]) { try { make(n).a } catch (e) { console.log(e.message) } }',
      {
        init: "import { sleep } from 'k6'",
        ends: { says: /still here|stopped/ },
      },
    ),
    diving('groups nested in groups', "const g = (n) => group('g' + n, () => g(n + 1)); g(0)", {
      init: "import { group } from 'k6'",
    }),
    diving('options nested 10000 deep', '', {
      attack: undefined,
      script:
        'let o = {}; for (let i = 0; i < 1e4; i++) o = { o }\nexport const options = { ext: o }\nexport default function () {}',
      ends: { error: ['OPTIONS_INVALID', 'SCRIPT_EXCEPTION', 'NOT_SUPPORTED', 'SCRIPT_RESULT_INVALID', 'LIMIT_STACK'] },
    } as Partial<Attack>),
  ],
}

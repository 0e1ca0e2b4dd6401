/** k6/execution: ends of the test in floods, and what it shows of the run. */
import type { Area, Attack } from '../attack.js'

const exec = "import exec from 'k6/execution'"

const acting = (name: string, attack: string, more: Partial<Attack> = {}): Attack => ({
  name,
  init: exec,
  attack,
  ends: {},
  ...more,
})

export const execution: Area = {
  name: 'execution',
  attacks: [
    acting('an abort, again and again', "for (;;) { try { exec.test.abort('stop') } catch {} }", {
      neighbour: 'ends with the run',
      ends: { error: ['SCRIPT_ABORTED', 'LIMIT_CPU'], says: /stop/ },
    }),
    acting(
      'an abort with a message of a megabyte of control characters',
      "exec.test.abort('\\u001b[2J\\r\\n'.repeat(2e5))",
      {
        neighbour: 'ends with the run',
        ends: { error: 'SCRIPT_ABORTED' },
        check: ({ log }) => {
          if (log.some((line) => line.length > 100_000)) throw new Error('the message was not cut')
        },
      },
    ),
    acting('a hundred thousand marks of failure', "for (let i = 0; i < 100000; i++) exec.test.fail('mark ' + i)", {
      limits: { cpuMs: 4000 },
      ends: { error: ['MARKED_FAILED'] },
      check: ({ log }) => {
        if (log.length > 5000) throw new Error(`${log.length} lines in the log`)
      },
    }),
    acting('an abort in the init code of a VU', '', {
      init: undefined,
      script: `${exec}\nif (__VU > 0) exec.test.abort('in init')\nexport default function () {}`,
      ends: { error: 'SCRIPT_ABORTED' },
    } as Partial<Attack>),
    acting('an abort in setup and in teardown', '', {
      init: `${exec}\nexport function setup() { exec.test.abort('in setup') }\nexport function teardown() { for (;;) { try { exec.test.abort('again') } catch {} } }`,
      neighbour: 'none',
      ends: { error: 'SCRIPT_ABORTED' },
    }),
    acting(
      'what is read only is not',
      "const before = JSON.stringify(exec.test.options); for (const o of [exec, exec.test, exec.vu, exec.scenario, exec.instance, exec.test.options, exec.test.options.scenarios]) { try { Object.assign(o, { vus: 1e6, idInTest: 7 }) } catch {} try { Object.setPrototypeOf(o, null) } catch {} try { for (const k of Object.keys(o)) delete o[k] } catch {} }\nconsole.log('tried')",
      { ends: { says: /tried/ } },
    ),
    acting(
      'tags of the VU that are no tags',
      "for (const [k, v] of [['__proto__', 'x'], ['a', {}], ['b', null], ['c', Symbol('x')], ['d', 'x'.repeat(1e5)], ['x'.repeat(1e5), 'y'], ['url', 'z'], ['\\ud800', '\\u001b']]) { try { exec.vu.metrics.tags[k] = v } catch (e) { console.log(e.message) } try { exec.vu.metrics.metadata[k] = v } catch (e) {} }\nconsole.log('tried')",
      { ends: { says: /tried/ } },
    ),
    acting('fail() in each of thousands of iterations', "fail('again')", {
      init: "import { fail } from 'k6'",
      iterations: 3000,
      limits: { consoleLinesPerSecond: 100 },
      ends: {},
    }),
    acting('a callback of an iteration that is over', 'exec.test.abort', {
      init: `${exec}\nlet again\nglobalThis.later = () => again`,
      attack:
        "setTimeout(() => { Promise.reject(new Error('late')) }, 1); Promise.resolve().then(() => { throw new Error('job') })",
      ends: {},
    }),
  ],
}

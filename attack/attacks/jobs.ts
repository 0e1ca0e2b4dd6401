/** Promise jobs, suspensions and timers: what runs when nobody looks, and what is called in the middle of a call. */
import type { Area } from '../attack.js'

export const jobs: Area = {
  name: 'jobs',
  attacks: [
    {
      name: 'a promise chain without end',
      attack: 'const again = () => Promise.resolve().then(again); await again()',
      ends: { says: /jobsPerDrain|cpuMs/ },
    },
    {
      name: 'a promise job in a native loop',
      attack: 'await Promise.resolve().then(() => { [].indexOf.call({ length: 2 ** 53 - 1 }, 1) })',
      ends: { limit: 'cpuMs' },
    },
    {
      name: 'an interrupt in each of many promise jobs',
      attack: 'for (let i = 0; i < 100; i++) Promise.resolve().then(() => { for (;;); }); await null',
      ends: { limit: 'cpuMs' },
    },
    {
      name: 'a promise that is never settled',
      attack: 'await new Promise(() => {})',
      ends: {},
    },
    {
      name: 'a thenable that resolves itself for ever',
      attack: 'const t = { then(f) { f(t) } }; await t',
      ends: { says: /jobsPerDrain|cpuMs/ },
    },
    {
      name: 'a million promises that are rejected and never handled',
      attack: "for (let i = 0; i < 50000; i++) Promise.reject(new Error('unhandled ' + i))",
      ends: {},
    },
    {
      name: 'a call that waits inside a getter, a toJSON, a Proxy trap and a comparator',
      init: "import { sleep } from 'k6'",
      attack: `
        const o = { get a() { sleep(0.01); return 1 } }
        const p = new Proxy({}, { get() { sleep(0.01); return 1 } })
        JSON.stringify({ toJSON() { sleep(0.01); return o.a + p.x } })
        ;[2, 1].sort((a, b) => { sleep(0.01); return a - b })
        console.log({ toJSON() { sleep(0.01); return 'waited' } })
        console.log('done')`,
      ends: { says: /done/ },
    },
    {
      name: 'a call that waits in a promise job',
      init: "import { sleep } from 'k6'",
      attack: 'await null; sleep(0.05); await null; sleep(0.05); console.log("done")',
      ends: { says: /done/ },
    },
    {
      name: 'many async functions that all wait at once',
      init: "import { sleep } from 'k6'",
      attack:
        "await Promise.all(Array.from({ length: 100 }, async (_, i) => { await null; sleep(0.001) })); console.log('done')",
      ends: { says: /done/ },
    },
    {
      name: 'a timer that starts two timers',
      attack: 'const two = () => { setTimeout(two, 1); setTimeout(two, 1) }; two()',
      limits: { iterationMs: 4000 },
      ends: { says: /timers|cpuMs|iterationMs|memory/ },
    },
    {
      name: 'half a million timers',
      attack: 'for (let i = 0; i < 500000; i++) setTimeout(() => {}, 3600000)',
      limits: { iterationMs: 4000, cpuMs: 3000 },
      ends: { says: /timers|cpuMs|memory/ },
    },
    {
      name: 'an interval of no time',
      attack: 'setInterval(() => {}, 0)',
      limits: { iterationMs: 1500 },
      ends: { says: /iterationMs|cpuMs/ },
    },
    {
      name: 'a timer that is one second short of for ever',
      attack: 'setTimeout(() => {}, 2 ** 53 - 1); setTimeout(() => {}, -Infinity); setTimeout(() => {}, NaN)',
      limits: { iterationMs: 1500 },
      ends: {},
    },
    {
      name: 'a sleep for ever',
      init: "import { sleep } from 'k6'",
      attack: 'sleep(1e300)',
      limits: { iterationMs: 1500 },
      ends: { says: /iterationMs/ },
    },
    {
      name: 'an async generator that never ends',
      attack: 'async function* g() { for (;;) yield 1 }\nfor await (const x of g());',
      ends: { says: /jobsPerDrain|cpuMs/ },
    },
    {
      name: 'top-level await that works for ever',
      script: 'for (;;) await null\nexport default function () {}',
      limits: { initCpuMs: 500 },
      ends: { error: ['LIMIT_CPU', 'LIMIT_COUNT', 'SCRIPT_EXCEPTION'] },
    },
  ],
}

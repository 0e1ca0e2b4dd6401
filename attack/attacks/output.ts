/** What leaves the VM and lands on the host: log lines, samples, names; how much of it, and what is in it. */
import assert from 'node:assert/strict'
import type { Area, Attack } from '../attack.js'

/** Control characters of every kind that a terminal or a reader could obey, as a script writes them. */
const nasty = "'\\u001b[2J\\u001b]52;c;ZXZpbA==\\u0007\\u009b31m\\r\\nfake=line\\u2028\\u202e\\u0000\\u007f'"

const metrics =
  "import { Counter, Trend } from 'k6/metrics'\nimport { check, group } from 'k6'\nconst hits = new Counter('hits')"

/** Lines of the console in a log. */
const consoleLines = (log: readonly string[]) => log.filter((line) => line.includes('source=console'))

const flood = (name: string, attack: string, more: Partial<Attack>): Attack => ({
  name,
  init: metrics,
  attack,
  limits: { cpuMs: 4000 },
  ends: {},
  ...more,
})

export const output: Area = {
  name: 'output',
  attacks: [
    flood('console lines without end', "for (let i = 0; i < 20000; i++) console.log('line ' + i)", {
      limits: { cpuMs: 4000, consoleLinesPerSecond: 100 },
      ends: { limit: 'consoleLinesPerSecond' },
      check: ({ log }) => assert.ok(consoleLines(log).length < 3000, `${consoleLines(log).length} lines came out`),
    }),
    flood('console bytes without end', "for (let i = 0; i < 2000; i++) console.log('x'.repeat(10000))", {
      limits: { cpuMs: 4000, consoleBytes: 1_000_000 },
      ends: { limit: 'consoleBytes' },
      check: ({ log }) => {
        const bytes = consoleLines(log).join('').length
        assert.ok(bytes < 2_000_000, `${bytes} bytes came out`)
      },
    }),
    flood('one line of four megabytes', "console.log('x'.repeat(4e6))", {
      check: ({ log }) => assert.ok(Math.max(...log.map((line) => line.length)) < 40_000, 'the line was not cut'),
    }),
    flood(
      'a console line of an object of 2^20 members',
      'let o = { a: 1 }; for (let i = 0; i < 20; i++) o = { a: o, b: o }; console.log(o)',
      {
        ends: { neverSays: /ESCAPED/ },
      },
    ),
    flood('an error in each of thousands of iterations', "throw new Error('e'.repeat(1000))", {
      iterations: 5000,
      limits: { consoleLinesPerSecond: 100, consoleBytes: 1_000_000 },
      check: ({ log }) => assert.ok(log.length < 6000, `${log.length} lines came out`),
    }),
    flood(
      'control characters on the console',
      `console.log(${nasty}); console.error({ [${nasty}]: ${nasty} }); console.warn(new Error(${nasty}))`,
      {},
    ),
    flood(
      'control characters in thrown errors',
      `throw Object.assign(new Error(${nasty}), { name: ${nasty}, stack: ${nasty} })`,
      {},
    ),
    flood(
      'control characters in names of everything',
      `
      try { hits.add(1, { [${nasty}]: ${nasty} }) } catch {}
      try { check(1, { [${nasty}]: () => true }) } catch {}
      try { group(${nasty}, () => {}) } catch {}
      try { new Trend(${nasty}) } catch (e) { console.log(e.message) }
      try { open(${nasty}) } catch (e) { console.log(e.message) }
      try { require(${nasty}) } catch (e) { console.log(e.message) }`,
      {},
    ),
    flood('a million sets of tags', 'for (let i = 0; i < 60000; i++) hits.add(1, { i: String(i) })', {
      limits: { cpuMs: 6000, series: 500 },
      ends: { limit: 'series' },
    }),
    flood(
      'a different set of tags on each VU-wide tag',
      'for (let i = 0; i < 20000; i++) { exec.vu.metrics.tags.flood = String(i); hits.add(1) }',
      {
        init: `${metrics}\nimport exec from 'k6/execution'`,
        limits: { cpuMs: 6000, series: 500 },
        ends: { limit: 'series' },
      },
    ),
    flood(
      'a sample with a thousand tags',
      "const t = {}; for (let i = 0; i < 1000; i++) t['t' + i] = 'v'; hits.add(1, t)",
      { ends: { says: /tags/ } },
    ),
    flood('a tag of a megabyte', "hits.add(1, { big: 'x'.repeat(1e6) })", { ends: { says: /tag/ } }),
    flood('half a million samples', 'for (let i = 0; i < 500000; i++) hits.add(i)', {
      limits: { cpuMs: 8000 },
      ends: {},
    }),
    flood('thousands of metrics', '', {
      init: "import { Counter } from 'k6/metrics'\ntry { for (let i = 0; i < 5000; i++) new Counter('m' + i) } catch (e) { console.log(e.message) }",
      limits: { initCpuMs: 4000 },
      ends: { limit: 'metrics' },
    }),
    flood('thousands of names of checks', "for (let i = 0; i < 5000; i++) check(1, { ['name ' + i]: () => true })", {
      limits: { cpuMs: 4000, checks: 100 },
      ends: { limit: 'checks' },
    }),
    flood('thousands of names of groups', "for (let i = 0; i < 5000; i++) group('name ' + i, () => {})", {
      limits: { cpuMs: 4000, checks: 100 },
      ends: { limit: 'checks' },
    }),
    flood('a name of a check of a megabyte', "check(1, { ['x'.repeat(1e6)]: () => true })", {
      ends: { limit: 'nameBytes' },
    }),
    flood(
      'samples of what is no number',
      'for (const v of [NaN, Infinity, -Infinity, -0, 1e308, "x", null, undefined, {}, [], 2 ** 53]) { try { hits.add(v) } catch {} }\nconsole.log("tried")',
      {
        ends: { says: /tried/ },
      },
    ),
    flood(
      'names that objects have already',
      `
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype']) {
        try { hits.add(1, { [name]: name }) } catch {}
        try { check(1, { [name]: () => true }) } catch {}
        try { group(name, () => check(2, { [name]: () => true })) } catch {}
        try { exec.vu.metrics.tags[name] = 'x' } catch {}
        try { hits.add(1, JSON.parse('{"__proto__":{"polluted":"yes"}}')) } catch {}
      }
      if ({}.polluted) console.log('ESCAPED')
      console.log('tried')`,
      {
        init: `${metrics}\nimport exec from 'k6/execution'\nfor (const n of ['__proto__', 'constructor', 'toString']) new Counter(n)`,
        ends: { says: /tried/, neverSays: /ESCAPED/ },
        check: () => assert.equal(({} as { polluted?: string }).polluted, undefined),
      },
    ),
    flood(
      'text that is half a character',
      "console.log('\\ud800'); hits.add(1, { a: '\\udc00' }); check(1, { '\\ud800': () => true }); console.log('tried')",
      { ends: { says: /tried/ } },
    ),
  ],
}

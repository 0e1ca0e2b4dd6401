/** What handleSummary returns: files outside of the folder, too many, too large, over links, and what is no file at all. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Area, Attack } from '../attack.js'

const summing = (name: string, body: string, more: Partial<Attack> = {}): Attack => ({
  name,
  init: `export function handleSummary(data) { ${body} }`,
  attack: '',
  ends: {},
  ...more,
})

export const summary: Area = {
  name: 'summary',
  attacks: [
    summing(
      'files outside of the folder',
      "return { [__ENV.OUTSIDE + '/written.txt']: 'W', '../outside/written.txt': 'W', '/etc/attack-written': 'W', ['file://' + __ENV.OUTSIDE + '/written.txt']: 'W', '../outside/secret.txt': 'W' }",
      {
        check: ({ place }) => {
          assert.ok(!existsSync(join(place.outside, 'written.txt')), 'a file was written outside')
          assert.ok(!existsSync('/etc/attack-written'), 'a file was written in /etc')
          assert.notEqual(readFileSync(join(place.outside, 'secret.txt'), 'utf8'), 'W')
        },
      },
    ),
    summing('a file over a link', "return { [__ENV.OUTPUT + '/link.txt']: 'OVERWRITTEN' }", {
      prepare: ({ output, outside }) => symlinkSync(join(outside, 'secret.txt'), join(output, 'link.txt')),
      check: ({ place }) => assert.ok(!readFileSync(join(place.outside, 'secret.txt'), 'utf8').includes('OVERWRITTEN')),
    }),
    summing('thousands of files', "const all = {}; for (let i = 0; i < 5000; i++) all['f' + i] = 'x'; return all", {
      ends: { limit: 'summaryFiles' },
    }),
    summing('a file of ten megabytes', "return { 'big.txt': 'x'.repeat(1e7) }", {
      limits: { summaryBytes: 1_000_000, memoryBytes: 64 * 2 ** 20, stageCpuMs: 4000 },
      ends: { limit: 'summaryBytes' },
    }),
    summing(
      'control characters for the terminal',
      "return { stdout: '\\u001b]0;evil\\u0007\\u001b[2J\\u009b5m', stderr: '\\u001bc' }",
    ),
    summing('names with control characters', "return { '\\u001b[31mred\\r\\n': 'x', 'a\\0b': 'y' }", { ends: {} }),
    summing(
      'values of every wrong kind',
      "return { a: 1, b: null, c: {}, d: () => {}, e: Symbol('x'), f: [1], g: new Date(), h: 10n }",
    ),
    summing(
      'an object with __proto__ and traps',
      'return new Proxy(JSON.parse(\'{"__proto__":"x","constructor":"y"}\'), { ownKeys() { throw new Error(\'trap\') } })',
    ),
    summing('a promise that is never settled', 'return new Promise(() => {})'),
    summing('getters that never end', 'return { get a() { for (;;); } }', { ends: { limit: 'stageCpuMs' } }),
    summing(
      'data that is changed in place',
      "data.metrics.__proto__.polluted = 1; data.metrics = null; data.root_group = data; return { stdout: 'changed' }",
      { ends: {} },
    ),
  ],
}

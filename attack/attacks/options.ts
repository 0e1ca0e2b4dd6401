/** Options: numbers without measure, names that are traps, and options that would make the host do something. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ErrorCode } from '../../errors.js'
import type { Area, Attack } from '../attack.js'

/** A script that does nothing but have options. */
const having = (
  name: string,
  options: string,
  error: readonly ErrorCode[] | undefined,
  more: Partial<Attack> = {},
): Attack => ({
  name,
  script: `export const options = ${options}\nexport default function () {}\nexport function other() {}`,
  ends: error === undefined ? {} : { error },
  ...more,
})

const count: readonly ErrorCode[] = ['LIMIT_COUNT', 'OPTIONS_INVALID']

export const options: Area = {
  name: 'options',
  attacks: [
    having('a million VUs', '{ vus: 1e6, iterations: 1e6 }', count, { ends: { error: 'LIMIT_COUNT', limit: 'vus' } }),
    having(
      'a million VUs in small scenarios',
      "{ scenarios: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => ['s' + i, { executor: 'constant-vus', vus: 1000, duration: '1s' }])) }",
      undefined,
      {
        ends: { error: 'LIMIT_COUNT', limit: 'vus' },
      },
    ),
    having(
      'a million VUs that an arrival rate may need',
      "{ scenarios: { a: { executor: 'constant-arrival-rate', rate: 1, duration: '1s', preAllocatedVUs: 1, maxVUs: 1e6 } } }",
      undefined,
      {
        ends: { error: 'LIMIT_COUNT', limit: 'vus' },
      },
    ),
    having('VUs of every wrong kind', '{ vus: -1, iterations: 1 }', ['OPTIONS_INVALID']),
    having('more VUs than there are numbers', '{ vus: 2 ** 53, iterations: 2 ** 53 }', [...count, 'SCRIPT_EXCEPTION']),
    having('a billion iterations', '{ vus: 1, iterations: 1e9 }', undefined, {
      limits: { runMs: 3000 },
      ends: { error: 'LIMIT_TIME', limit: 'runMs' },
    }),
    having('a year of a test', "{ vus: 1, duration: '8760h' }", undefined, {
      limits: { runMs: 3000 },
      ends: { error: 'LIMIT_TIME', limit: 'runMs' },
    }),
    having(
      'a million million iterations per second',
      "{ scenarios: { a: { executor: 'constant-arrival-rate', rate: 1e12, timeUnit: '1s', duration: '1s', preAllocatedVUs: 2, maxVUs: 4 } } }",
      undefined,
    ),
    having(
      'a rate that is within reason and far beyond reach',
      "{ scenarios: { a: { executor: 'constant-arrival-rate', rate: 1e6, timeUnit: '1s', duration: '1s', preAllocatedVUs: 2, maxVUs: 4 } } }",
      undefined,
    ),
    having(
      'a hundred thousand stages',
      "{ scenarios: { a: { executor: 'ramping-vus', stages: Array.from({ length: 1e5 }, (_, i) => ({ duration: '1ms', target: i % 5 })) } } }",
      undefined,
      {
        limits: { runMs: 4000 },
        ends: { error: ['OPTIONS_INVALID', 'LIMIT_COUNT', 'LIMIT_TIME', 'LIMIT_SIZE', 'LIMIT_CPU'] },
      },
    ),
    having(
      'scenarios with names of objects',
      '{ scenarios: JSON.parse(\'{"__proto__":{"executor":"per-vu-iterations","vus":1,"iterations":1},"constructor":{"executor":"per-vu-iterations","vus":1,"iterations":1}}\') }',
      undefined,
      {
        ends: {},
        check: () => assert.equal(({} as { executor?: string }).executor, undefined),
      },
    ),
    having(
      'an exec that is no function of the script',
      "{ scenarios: { a: { executor: 'per-vu-iterations', exec: '__proto__' } } }",
      ['OPTIONS_INVALID', 'SCRIPT_EXCEPTION', 'USAGE'],
    ),
    having(
      'ten thousand thresholds',
      "{ thresholds: Object.fromEntries(Array.from({ length: 1e4 }, (_, i) => ['iterations{a:' + i + '}', ['count>0']])) }",
      undefined,
      {
        limits: { initCpuMs: 4000 },
        ends: { error: ['THRESHOLDS_FAILED', 'LIMIT_COUNT', 'OPTIONS_INVALID'] },
      },
    ),
    having('a threshold of a megabyte', "{ thresholds: { iterations: ['count>' + '9'.repeat(1e6)] } }", undefined, {
      ends: { error: ['OPTIONS_INVALID', 'THRESHOLDS_FAILED', 'LIMIT_SIZE'] },
    }),
    having(
      'thresholds with names of objects',
      '{ thresholds: JSON.parse(\'{"__proto__":["count>0"],"constructor":["count>0"],"iterations{__proto__:x}":["count>=0"]}\') }',
      ['OPTIONS_INVALID', 'THRESHOLDS_FAILED'],
    ),
    having(
      'options that are a Proxy',
      "new Proxy({}, { ownKeys() { throw new Error('trap') }, get() { throw new Error('trap') } })",
      ['SCRIPT_EXCEPTION', 'OPTIONS_INVALID'],
    ),
    having('options that contain themselves', '(() => { const o = {}; o.ext = o; return o })()', [
      'SCRIPT_EXCEPTION',
      'OPTIONS_INVALID',
    ]),
    having(
      'options of twenty megabytes',
      "{ ext: { a: 'x'.repeat(2e7) } }",
      ['OPTIONS_INVALID', 'SCRIPT_EXCEPTION', 'LIMIT_SIZE', 'LIMIT_MEMORY', 'NOT_SUPPORTED', 'SCRIPT_RESULT_INVALID'],
      { limits: { initCpuMs: 4000 } },
    ),
    having(
      'control characters in names and values',
      "{ scenarios: { 'a\\u001b[31m\\r\\n': { executor: 'nope\\u001b]0;x\\u0007' } } }",
      ['OPTIONS_INVALID'],
    ),
    having(
      'an output and a log file',
      "{ vus: 1, iterations: 1, out: ['json=' + __ENV.OUTSIDE + '/out.json'], consoleOutput: __ENV.OUTSIDE + '/console.txt', logOutput: 'file=' + __ENV.OUTSIDE + '/log.txt' }",
      undefined,
      {
        ends: {},
        check: ({ place }) => {
          for (const file of ['out.json', 'console.txt', 'log.txt']) {
            assert.ok(!existsSync(join(place.outside, file)), `the script had ${file} written`)
          }
        },
      },
    ),
    having('a test that begins paused and is never resumed', '{ paused: true, iterations: 1 }', undefined, {
      limits: { runMs: 3000 },
      ends: { error: ['LIMIT_TIME', 'OPTIONS_INVALID', 'USAGE', 'NOT_SUPPORTED'] },
    }),
    having(
      'options with keys of objects',
      'JSON.parse(\'{"__proto__":{"vus":5},"constructor":1,"iterations":1,"tags":{"__proto__":"x"}}\')',
      undefined,
      {
        ends: {},
        check: () => assert.equal(({} as { vus?: number }).vus, undefined),
      },
    ),
    having(
      'a thousand trend statistics',
      "{ iterations: 1, summaryTrendStats: Array.from({ length: 5000 }, (_, i) => 'p(' + i / 100 + ')') }",
      undefined,
      { ends: {} },
    ),
  ],
}

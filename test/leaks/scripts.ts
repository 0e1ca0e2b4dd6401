/** Scripts that a platform gets: one of somebody who tests a service, and those of people who mean harm. */
import type { PolicyInput, RunOutcome } from '../../index.js'

export interface GivenScript {
  readonly name: string
  readonly text: string
  /** Says what is wrong with how it ended; undefined when nothing is. */
  readonly wrong: (outcome: RunOutcome, lines: readonly string[]) => string | undefined
  /** The caller stops the run when the script has said `stop me`. */
  readonly isStopped?: boolean
}

/** Small, so that what is to be ended is ended soon. */
export const policyOf = (address: string): PolicyInput => ({
  network: { allow: [address] },
  limits: {
    ...{ cpuMs: 500, initCpuMs: 3000, stageCpuMs: 1000, graceMs: 200, iterationMs: '1m', runMs: '2m' },
    ...{ memoryBytes: '32mb', consoleBytes: '100kb', consoleLinesPerSecond: 200, series: 100, setupDataBytes: '10kb' },
  },
})

const hasFailed =
  (...codes: string[]) =>
  ({ status, error }: RunOutcome): string | undefined =>
    status === 'failed' && codes.includes(error?.code ?? '') ? undefined : `${status} ${error?.code}: ${error?.message}`

const saysInstead =
  (pattern: RegExp) =>
  (outcome: RunOutcome, lines: readonly string[]): string | undefined =>
    lines.some((line) => pattern.test(line)) ? undefined : `${outcome.status}: ${lines.slice(0, 3).join(' / ')}`

export const healthy: GivenScript = {
  name: 'healthy',
  text: `
    import { check, group } from 'k6'
    import http from 'k6/http'
    import { Trend } from 'k6/metrics'
    const sizes = new Trend('sizes')
    export const options = { vus: 2, iterations: 10, thresholds: { checks: ['rate==1'] } }
    export const setup = () => ({ path: '/' })
    export default ({ path }) => group('front page', () => {
      const response = http.get('http://' + __ENV.ADDRESS + path)
      sizes.add(response.body.length)
      check(response, { 'is there': (r) => r.status === 200 })
    })
    export const handleSummary = (data) => ({ 'summary.json': JSON.stringify(data) })`,
  wrong: ({ status, error, iterations, checks, files }) =>
    status === 'passed' && iterations.completed === 10 && checks[0]?.passes === 10 && files.has('summary.json')
      ? undefined
      : `${status} ${error?.message}: ${JSON.stringify(iterations)} ${JSON.stringify(checks)}`,
}

export const hostile: readonly GivenScript[] = [
  {
    name: 'native code that never returns',
    text: 'export default () => [].indexOf.call({ length: 2 ** 53 - 1 }, 1)',
    wrong: ({ iterations, stopped }) =>
      iterations.completed === 0 && stopped[0]?.code === 'LIMIT_CPU' ? undefined : 'nobody was stopped',
  },
  { name: 'init code that never ends', text: 'for (;;); export default () => {}', wrong: hasFailed('LIMIT_CPU') },
  {
    name: 'memory without end',
    text: 'const all = []; export default () => { for (;;) all.push(new ArrayBuffer(1e6)) }',
    // Whichever limit it meets first on this machine.
    wrong: saysInstead(/memory|of CPU/i),
  },
  {
    name: 'a flood of lines',
    text: "export default () => { for (let i = 0; i < 20000; i++) console.log('line', i, 'x'.repeat(100)) }",
    wrong: (_, lines) => (lines.length < 2000 ? undefined : `${lines.length} lines got through`),
  },
  {
    name: 'a flood of series',
    text: `import { Counter } from 'k6/metrics'
      const hits = new Counter('hits')
      export default () => { for (let i = 0; i < 20000; i++) hits.add(1, { i: String(i) }) }`,
    wrong: ({ status }) => (status === 'passed' ? undefined : status),
  },
  {
    name: 'a file of the machine',
    text: "const text = open('/etc/hostname'); export default () => console.log(text)",
    wrong: ({ status, audit }) =>
      status === 'failed' && audit.records[0]?.section === 'files.read' ? undefined : `${status}, not on record`,
  },
  {
    name: 'an address that is closed',
    text: `import http from 'k6/http'
      export default () => console.log('status', http.get('http://127.0.0.2:' + __ENV.ADDRESS.split(':')[1]).status)`,
    wrong: (_, lines) => (lines.includes('status 0') ? undefined : lines.join(' / ')),
  },
  {
    name: 'promises that nobody waits for',
    text: 'export default () => { for (let i = 0; i < 5000; i++) Promise.reject(new Error(String(i))) }',
    wrong: ({ status }) => (status === 'stopped' ? status : undefined),
  },
  {
    name: 'recursion without end',
    text: 'const f = () => f() + 1; export default () => f()',
    wrong: saysInstead(/stack|of CPU/i),
  },
  {
    name: 'a way out by constructors',
    text: "export default () => console.log(this, (() => {}).constructor('return typeof process')())",
    wrong: (_, lines) => (lines.some((line) => line.includes('object')) ? lines.join(' / ') : undefined),
  },
  {
    name: 'too much from setup',
    text: "export const setup = () => 'x'.repeat(20000); export default () => {}",
    wrong: hasFailed('LIMIT_SIZE'),
  },
  {
    name: 'an abort',
    text: "import exec from 'k6/execution'; export default () => { for (;;) exec.test.abort('enough') }",
    wrong: hasFailed('SCRIPT_ABORTED'),
  },
  { name: 'an error in init code', text: "throw new Error('no')", wrong: hasFailed('SCRIPT_EXCEPTION') },
  {
    name: 'sleep without end',
    text: "import { sleep } from 'k6'; export default () => { console.log('stop me'); sleep(1e6) }",
    wrong: ({ status }) => (status === 'stopped' ? undefined : status),
    isStopped: true,
  },
]

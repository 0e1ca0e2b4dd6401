/** What is measured: each measurement has a set-up and those who do the same in it. How they compare is in figures.ts. */
import { join } from 'node:path'
import { packageRoot } from '../package-root.js'
import { type Program, runToEnd } from './client-process.js'
import { type Contestant, type ContestantName, loopContestant, type Runner, scriptContestant } from './contestants.js'
import { median } from './median.js'
import type { Port } from './server/bench-server.js'
import type { ServerProcess } from './server-process.js'
import { measureSteadyState, type Period, type Sample } from './steady-state.js'
import { echoMessages, feedMessages, unaryBatch } from './workload.js'

/** What one contestant did in one round. */
export interface Values {
  /** CPU time of the client for each call, message or iteration, in microseconds, once it is under way. */
  cpuMicros?: number
  /** CPU time of the client from its start. */
  cpuSeconds?: number
  /** `cpuMicros` of the second half of the time beside that of the first: 1 for who was warm. */
  drift?: number
  perSecond?: number
  /** Of the times of calls, over the whole run unless the measurement says otherwise. */
  medianMs?: number
  p99Ms?: number
  maxMs?: number
  /** Resident memory at the end. */
  rssBytes?: number
  /** That memory beside what it was after some calls of each VU. */
  growth?: number
  /** From start to end of the process. */
  wallMs?: number
  /** The same of `node -e 0`, started in turns with it. */
  nodeWallMs?: number
  errors?: number
}

/** What measurements need. */
export interface Bench {
  readonly server: ServerProcess
  readonly folder: string
  readonly warmUpMs: number
  readonly measureMs: number
  /** How often a start is repeated in a round. */
  readonly starts: number
  /** VUs of the largest measurements. */
  readonly crowd: number
  readonly belljar: Runner
  /** Absent when there is none. */
  readonly k6?: Runner
  /** More flags for belljar. */
  readonly belljarFlags: readonly string[]
}

export interface Measurement {
  readonly id: string
  readonly title: string
  /** What `cpuMicros` and `perSecond` count. */
  readonly unit: 'call' | 'message' | 'iteration' | 'run'
  readonly contestants: Readonly<Partial<Record<ContestantName, (bench: Bench) => Promise<Values>>>>
}

/** So much memory may be added between a few calls of each VU and many. */
export const allowedGrowth = 1.1
const growthCalls = { early: 2000, late: 20_000 } as const
const longestRunMs = 120_000

interface Steady {
  readonly id: string
  readonly title: string
  readonly unit?: 'call' | 'message' | 'iteration'
  readonly port: Port
  readonly script: string
  readonly vus: number
  readonly leastAnswered?: number
  readonly loops?: Readonly<Partial<Record<'grpc-js' | 'http2' | 'tcp', string>>>
}

/** How the script runners are told. */
function runnerOf(bench: Bench, name: 'belljar' | 'k6'): { runner: Runner; flags: readonly string[] } {
  if (name === 'belljar') return { runner: bench.belljar, flags: bench.belljarFlags }
  return { runner: bench.k6!, flags: [] }
}

function environment(bench: Bench, port: Port): Record<string, string> {
  return {
    GRPC_ADDR: bench.server.addresses[port],
    BATCH: String(unaryBatch),
    MESSAGES: String(port === 'echo' ? echoMessages : feedMessages),
    ...(port === 'greetTls' ? { CA_FILE: join(packageRoot, 'examples/server/tls/ca.pem') } : {}),
  }
}

const cpuEach = (from: Sample, to: Sample): number =>
  (to.usage.cpuMicros - from.usage.cpuMicros) / (to.answered - from.answered)

async function steadyValues(bench: Bench, contestant: Contestant, period: Period): Promise<Values> {
  const { first, last, samples, ended } = await measureSteadyState(bench.server, contestant.program, period)
  const answered = last.answered - first.answered
  const middle = samples.find(({ timeMs }) => timeMs >= (first.timeMs + last.timeMs) / 2) ?? last
  const early = samples.find((sample) => sample.answered >= growthCalls.early)
  return {
    ...contestant.outcome(ended),
    cpuMicros: cpuEach(first, last),
    drift: cpuEach(middle, last) / cpuEach(first, middle),
    perSecond: (answered / (last.timeMs - first.timeMs)) * 1000,
    rssBytes: last.usage.rssBytes,
    ...(period.leastAnswered !== undefined && early !== undefined
      ? { growth: last.usage.rssBytes / early.usage.rssBytes }
      : {}),
  }
}

function steady({ id, title, unit = 'call', port, script, vus, leastAnswered, loops = {} }: Steady): Measurement {
  const period = ({ warmUpMs, measureMs }: Bench): Period => ({
    connections: vus,
    warmUpMs,
    measureMs,
    ...(leastAnswered === undefined ? {} : { leastAnswered }),
  })
  const runScript = (name: 'belljar' | 'k6') => (bench: Bench) => {
    const { runner, flags } = runnerOf(bench, name)
    const env = environment(bench, port)
    const load = ['--vus', String(vus), '--duration', '10m']
    const contestant = scriptContestant(runner, { script, flags: [...load, ...flags], env, folder: bench.folder })
    return steadyValues(bench, contestant, period(bench))
  }
  const runLoop = (name: string, kind: string) => (bench: Bench) =>
    steadyValues(bench, loopContestant(name, kind, bench.server.addresses[port], vus), period(bench))
  const yardsticks = Object.entries(loops).map(([name, kind]) => [name, runLoop(name, kind)])
  return {
    id,
    title,
    unit,
    contestants: { belljar: runScript('belljar'), k6: runScript('k6'), ...Object.fromEntries(yardsticks) },
  }
}

/** The bytes that tcp echoes come from a port of their own. */
function greetWithFloor(): Measurement {
  const greet = steady({
    id: 'greet-20',
    title: 'small unary calls, 20 VUs',
    port: 'greet',
    script: 'greet.js',
    vus: 20,
    loops: { 'grpc-js': 'greet', http2: 'greet' },
  })
  const tcp = (bench: Bench) => {
    const contestant = loopContestant('tcp', 'echo', bench.server.addresses.tcp, 20)
    return steadyValues(bench, contestant, { connections: 20, ...bench })
  }
  return { ...greet, contestants: { ...greet.contestants, tcp } }
}

/** All VUs connect and call once; then the client is stopped. */
const crowdStart: Measurement = {
  id: 'vu-start',
  title: 'all VUs of a crowd connect and call once',
  unit: 'run',
  contestants: {
    belljar: (bench) => startCrowd(bench, scriptCrowd(bench, 'belljar')),
    k6: (bench) => startCrowd(bench, scriptCrowd(bench, 'k6')),
    'grpc-js': (bench) => {
      const contestant = loopContestant('grpc-js', 'greetOnce', bench.server.addresses.greet, bench.crowd)
      return startCrowd(bench, contestant)
    },
  },
}

function scriptCrowd(bench: Bench, name: 'belljar' | 'k6'): Contestant {
  const { runner, flags } = runnerOf(bench, name)
  const env = { ...environment(bench, 'greet'), VUS: String(bench.crowd) }
  return scriptContestant(runner, { script: 'one-call.js', flags, env, folder: bench.folder })
}

async function startCrowd(bench: Bench, contestant: Contestant): Promise<Values> {
  const period = { connections: bench.crowd, warmUpMs: 0, measureMs: 500 }
  const { first, last, ended } = await measureSteadyState(bench.server, contestant.program, period)
  return {
    ...contestant.outcome(ended),
    cpuSeconds: first.usage.cpuMicros / 1e6,
    rssBytes: Math.max(first.usage.rssBytes, last.usage.rssBytes),
  }
}

/** Starts a program and `node -e 0` in turns, so that both meet the same machine. */
async function wallTimes(bench: Bench, program: Program): Promise<Values> {
  const node: Program = { command: process.execPath, args: ['-e', '0'] }
  const times: number[] = []
  const nodeTimes: number[] = []
  for (let i = 0; i < bench.starts; i++) {
    nodeTimes.push((await runToEnd(node, longestRunMs)).wallMs)
    times.push((await runToEnd(program, longestRunMs)).wallMs)
  }
  return { wallMs: median(times)!, nodeWallMs: median(nodeTimes)! }
}

/** A run of one iteration, from nothing to the end of the process. */
function start(id: string, title: string, script: string): Measurement {
  const runScript = (name: 'belljar' | 'k6') => (bench: Bench) => {
    const { runner, flags } = runnerOf(bench, name)
    const file = join(packageRoot, 'bench/scripts', script)
    const args = [...runner.args, 'run', '--quiet', '--no-usage-report', '--iterations', '1', ...flags, file]
    return wallTimes(bench, { command: runner.command, args, env: environment(bench, 'greet') })
  }
  return { id, title, unit: 'run', contestants: { belljar: runScript('belljar'), k6: runScript('k6') } }
}

/** What ten VUs see that call every 10 ms, all in one thread. The times are those after the warm-up. */
function neighbours(id: string, title: string, isBesideComputing: boolean): Measurement {
  const runScript = (name: 'belljar' | 'k6') => async (bench: Bench) => {
    const { runner, flags } = runnerOf(bench, name)
    const env = {
      ...environment(bench, 'greet'),
      WARM_UP_MS: String(bench.warmUpMs),
      MEASURE_MS: String(bench.measureMs),
      ...(isBesideComputing ? { COMPUTE: '1' } : {}),
      ...(name === 'k6' ? { GOMAXPROCS: '1' } : {}),
    }
    const contestant = scriptContestant(runner, {
      script: 'neighbours.js',
      flags: name === 'k6' ? [] : ['--threads', '1', ...flags],
      env,
      folder: bench.folder,
      trend: 'grpc_req_duration{phase:measured}',
    })
    const ended = await runToEnd(contestant.program, longestRunMs)
    return contestant.outcome(ended)
  }
  return { id, title, unit: 'call', contestants: { belljar: runScript('belljar'), k6: runScript('k6') } }
}

const greet = (vus: number, leastAnswered?: number): Measurement =>
  steady({
    id: `greet-${vus}`,
    title: `small unary calls, ${vus.toLocaleString('en-US')} ${vus === 1 ? 'VU' : 'VUs'}`,
    port: 'greet',
    script: 'greet.js',
    vus,
    loops: { 'grpc-js': 'greet' },
    ...(leastAnswered === undefined ? {} : { leastAnswered }),
  })

/** In the order in which they are made and shown. */
export const measurements: readonly Measurement[] = [
  greetWithFloor(),
  greet(1),
  greet(200, growthCalls.late),
  greet(1000),
  steady({
    id: 'greet-tls-20',
    title: 'small unary calls with TLS, 20 VUs',
    port: 'greetTls',
    script: 'greet.js',
    vus: 20,
    loops: { 'grpc-js': 'greetTls', http2: 'greetTls' },
  }),
  steady({
    id: 'download-20',
    title: 'unary calls with 100 KB of bytes in the response, 20 VUs',
    port: 'download',
    script: 'download.js',
    vus: 20,
    loops: { 'grpc-js': 'download', http2: 'download' },
  }),
  steady({
    id: 'batch-20',
    title: `asyncInvoke in batches of ${unaryBatch}, 20 VUs`,
    port: 'greet',
    script: 'batch.js',
    vus: 20,
    loops: { 'grpc-js': 'batch' },
  }),
  steady({
    id: 'feed-20',
    title: `server streams of ${feedMessages} messages of 50 bytes, 20 VUs`,
    unit: 'message',
    port: 'feed',
    script: 'feed.js',
    vus: 20,
    loops: { 'grpc-js': 'feed' },
  }),
  steady({
    id: 'echo-20',
    title: `streams in both directions, ${echoMessages} messages of 50 bytes one after the other, 20 VUs`,
    unit: 'message',
    port: 'echo',
    script: 'echo.js',
    vus: 20,
    loops: { 'grpc-js': 'echo' },
  }),
  steady({
    id: 'compute-2',
    title: 'plain JavaScript, 2 VUs',
    unit: 'iteration',
    port: 'greet',
    script: 'compute.js',
    vus: 2,
  }),
  crowdStart,
  start('start-empty', 'one iteration of an empty script', 'empty.js'),
  start('start-greet', 'one iteration with a gRPC call', 'greet.js'),
  neighbours('neighbours-alone', '10 VUs that call every 10 ms in one thread', false),
  neighbours('neighbours-computing', 'the same beside a VU that computes half of the time', true),
]

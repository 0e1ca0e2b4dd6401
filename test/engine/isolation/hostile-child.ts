/**
 * A run's process that was taken over: it answers as a good one does until it is told to execute, and then does what the name
 * of its script says. Speaks the protocol by itself, so that it can break it.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { Socket } from 'node:net'
import { deserialize } from 'node:v8'

const socket = new Socket({ fd: 3 })
const write = (bytes: Uint8Array) => socket.write(bytes)

function frame(json: unknown, binary: Uint8Array = Buffer.alloc(0)): Buffer {
  const text = Buffer.from(typeof json === 'string' ? json : JSON.stringify(json))
  const header = Buffer.alloc(8)
  header.writeUInt32BE(4 + text.length + binary.length, 0)
  header.writeUInt32BE(text.length, 4)
  return Buffer.concat([header, text, binary])
}

const say = (json: unknown, binary?: Uint8Array) => write(frame(json, binary))
const log = (msg: string) => say({ kind: 'log', lines: [{ level: 'info', msg, fields: {}, timeMs: Date.now() }] })
const state = {
  phase: 'run',
  elapsedMs: 1,
  initializedVus: 1,
  activeVus: 1,
  completed: 0,
  interrupted: 0,
  scenarios: [],
  isPaused: false,
  isStopping: false,
  isMarkedFailed: false,
}
const metric = { name: 'iterations', type: 'counter', contains: 'default' }
const doubles = (...values: number[]) => Buffer.from(new Float64Array(values).buffer)
const ended = { startedAtMs: 1, durationMs: 1, hasHandleSummary: false, hasBegun: true }
const result = { error: null, ...ended, stopped: [], cpuMs: 0 }
const wait = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
const tried = (what: () => unknown): string => {
  try {
    what()
    return 'done'
  } catch (e) {
    return (e as NodeJS.ErrnoException).code ?? (e as Error).name
  }
}

/** What it does when it is told to execute; `id` is that of the call. */
const modes: Record<string, (id: number) => void> = {
  exit: () => process.exit(7),
  abort: () => process.abort(),
  silence: () => wait(),
  garbage: () => write(Buffer.alloc(1000, 0xa5)),
  giant: () => {
    const header = Buffer.alloc(4)
    header.writeUInt32BE(0x7fffffff, 0)
    write(header)
    setInterval(() => write(Buffer.alloc(1 << 20)), 1)
  },
  'giant-json': () => say(`"${'x'.repeat(5 << 20)}"`),
  'not-json': () => say('{'),
  'no-object': () => say('null'),
  'no-kind': () => say({ kind: 'constructor' }),
  'proto-state': () => say('{"kind":"state","__proto__":{"state":1},"state":{"__proto__":{"phase":"run"}}}'),
  'wrong-line': () => say({ kind: 'log', lines: [{ level: 'info', msg: { toString: 1 }, fields: {}, timeMs: 1 }] }),
  'wrong-field': () => say({ kind: 'log', lines: [{ level: 'info', msg: '', fields: { 'a\u001b': 'b' }, timeMs: 1 }] }),
  'wrong-time': () => say({ kind: 'log', lines: [{ level: 'info', msg: '', fields: {}, timeMs: 1e300 }] }),
  'wrong-error': () => say({ kind: 'refusal', id: 1, error: { code: '__proto__', message: '' } }),
  'wrong-result': (id) => say({ kind: 'answer', id, value: { ...result, durationMs: 'long' } }),
  'wrong-setup': () => say({ kind: 'setup', isSet: true }, Buffer.from('{')),
  'wrong-samples': () =>
    say({ kind: 'samples', thread: 0, series: [], dropped: 0, droppedBy: {} }, doubles(1, Number.NaN, 1)),
  'cut-samples': () => say({ kind: 'samples', thread: 0, series: [], dropped: 0, droppedBy: {} }, Buffer.alloc(23)),
  'far-series': () =>
    say({ kind: 'samples', thread: 0, series: [{ id: 2 ** 40, metric, tags: [] }], dropped: 0, droppedBy: {} }),
  'far-thread': () => say({ kind: 'samples', thread: 1e9, series: [], dropped: 0, droppedBy: {} }),
  flood: () => {
    const many = Buffer.concat(Array.from({ length: 1000 }, () => frame({ kind: 'alive' })))
    const go = () => {
      while (socket.write(many));
      socket.once('drain', go)
    }
    go()
  },
  memory: () => {
    const kept: Buffer[] = []
    setInterval(() => kept.push(Buffer.alloc(64 << 20, 1)), 1)
  },
  /** Everything that is allowed and means nothing. */
  unasked: (id) => {
    say({ kind: 'answer', id: 12345, value: result })
    say({ kind: 'refusal', id: 54321, error: { code: 'INTERNAL', message: 'x', exitCode: 1, isStackTrace: false } })
    say({ kind: 'summaryWanted' })
    say({ kind: 'secretWanted', request: 1, source: null, key: 'key' })
    const series = [
      { id: 1, metric, tags: [['__proto__', 'x']] },
      { id: 2, metric: { ...metric, type: 'trend' }, tags: [] },
      { id: 3, metric: { ...metric, name: '__proto__' }, tags: [] },
    ]
    say(
      { kind: 'samples', thread: 0, series, dropped: 0, droppedBy: {} },
      doubles(1, 5, 2, 2, 5, 1, 3, 5, 1, 999, 5, 1),
    )
    say({ kind: 'answer', id, value: result })
    say({ kind: 'answer', id, value: { ...result, durationMs: 2 } })
  },
  'log-flood': (id) => {
    for (let i = 0; i < 100; i++) log(`${i}`.padEnd(100_000, 'x'))
    say({ kind: 'answer', id, value: result })
  },
  /** Lines whose length is not in their text. */
  'field-flood': (id) => {
    const fields = { a: 'x'.repeat(100_000) }
    for (let i = 0; i < 100; i++) say({ kind: 'log', lines: [{ level: 'info', msg: `${i}`, fields, timeMs: 1 }] })
    say({ kind: 'answer', id, value: result })
  },
  'empty-flood': (id) => {
    const lines = Array(10_000).fill({ level: 'info', msg: '', fields: {}, timeMs: 1 })
    for (let i = 0; i < 10; i++) say({ kind: 'log', lines })
    say({ kind: 'answer', id, value: result })
  },
  /** What it finds around it. */
  report: (id) => {
    log(`environment ${Object.keys(process.env).sort().join(' ')}`)
    log(`folder ${process.cwd()}`)
    log(`eval ${tried(() => new Function('return 1')())}`)
    log(`proto ${tried(() => Reflect.get({}, '__proto__'))}`)
    log(`intrinsics ${tried(() => Object.assign(Array.prototype, { extra: 1 }))}`)
    log(`passwd ${tried(() => readFileSync('/etc/passwd'))}`)
    log(`write ${tried(() => writeFileSync('file', 'x'.repeat(10_000)))}`)
    void import('node:child_process').then(({ spawnSync }) => {
      const code = tried(() => {
        const { error } = spawnSync('/bin/true')
        if (error !== undefined) throw error
      })
      log(`spawn ${code}`)
      process.stderr.write('a line for nobody\n\u001b[31mred\n')
      setTimeout(() => say({ kind: 'answer', id, value: result }), 50)
    })
  },
}

let mode = ''
let got = Buffer.alloc(0)
socket.on('data', (chunk: Buffer) => {
  got = Buffer.concat([got, chunk])
  while (got.length >= 4 && got.length >= 4 + got.readUInt32BE(0)) {
    const length = got.readUInt32BE(0)
    const call = deserialize(got.subarray(4, 4 + length)) as { id: number; name: string; argument: unknown }
    got = got.subarray(4 + length)
    answer(call)
  }
})
socket.on('close', () => process.exit(1))
// It goes on where a good one would end.
socket.on('error', () => {})
setInterval(() => say({ kind: 'alive' }), 100)

function answer({ id, name, argument }: { id: number; name: string; argument: unknown }): void {
  if (name === 'open') mode = (argument as { scriptName: string }).scriptName
  const value =
    name === 'load' ? { functions: ['default'], others: [], metrics: [], remotes: [], nativeNames: [] } : undefined
  if (name !== 'execute') return void say({ kind: 'answer', id, value })
  say({ kind: 'state', state })
  modes[mode]!(id)
}

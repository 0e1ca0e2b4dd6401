/** What the process of an untrusted run sends to its parent: messages of the shape agreed on, or the end of that process. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { readLoaded, readMessage, readResult, readSummary } from '../../engine/isolation/child-messages.js'
import { childFrame, childParts, FrameError, FrameReader } from '../../engine/isolation/frames.js'
import { maxJsonBytes } from '../../engine/isolation/protocol.js'
import { ShapeError } from '../../engine/isolation/read-shape.js'
import { untrustedLimits } from '../../policy/limits.js'
import { type FuzzTarget, refusal } from '../target.js'
import { hostileKey, hostileText } from '../texts.js'

const maxFrameBytes = 1024 * 1024

const number = fc.oneof(fc.integer(), fc.constantFrom(0, 1, -1, 2 ** 53, 1e300, 0.5))
const anything = fc.oneof(hostileText, number, fc.boolean(), fc.constant(null), fc.jsonValue({ maxDepth: 2 }))
const tags = fc.array(fc.tuple(hostileKey, hostileText), { maxLength: 3 })
const series = fc.record({
  id: fc.integer({ min: -2, max: 5 }),
  metric: fc.record({
    name: fc.constantFrom('x', 'checks', '__proto__'),
    type: fc.constantFrom('counter', 'trend', 'x'),
    contains: fc.constantFrom('default', 'time'),
  }),
  tags,
})
const error = fc.record({
  code: fc.constantFrom('INTERNAL', 'LIMIT_CPU', 'constructor'),
  message: hostileText,
  exitCode: fc.constantFrom(1, 0, 107, 300),
  isStackTrace: fc.boolean(),
})
const members: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  kind: fc.constantFrom(
    'alive',
    'answer',
    'refusal',
    'state',
    'setup',
    'samples',
    'log',
    'audit',
    'finding',
    'secretWanted',
    'summaryWanted',
    'x',
  ),
  id: number,
  value: anything,
  error,
  isSet: fc.boolean(),
  thread: fc.integer({ min: -2, max: 3 }),
  series: fc.array(series, { maxLength: 3 }),
  dropped: number,
  droppedBy: anything,
  lines: fc.array(
    fc.record({
      level: fc.constantFrom('info', 'x'),
      msg: hostileText,
      fields: fc.dictionary(hostileKey, hostileText),
      timeMs: number,
    }),
  ),
  records: fc.array(
    fc.record({
      timeMs: number,
      section: fc.constantFrom('network', 'limits.cpuMs', 'x'),
      rule: hostileText,
      subject: hostileText,
      vu: number,
      count: number,
    }),
  ),
  finding: fc.record({ severity: fc.constantFrom('error', 'x'), text: hostileText, place: anything }),
  request: number,
  source: anything,
  key: hostileText,
}
const message = fc.record(
  Object.fromEntries(
    Object.entries(members).map(([name, likely]) => [
      name,
      fc.oneof({ weight: 6, arbitrary: likely }, { weight: 1, arbitrary: anything }),
    ]),
  ),
  { requiredKeys: ['kind'] },
)
const samples = fc
  .array(fc.tuple(fc.integer({ min: -1, max: 4 }), fc.double(), fc.double()), { maxLength: 4 })
  .map((all) => new Uint8Array(Float64Array.from(all.flat()).buffer))
const frames = fc
  .array(
    fc.tuple(
      message,
      fc.oneof(
        samples,
        fc.uint8Array({ maxLength: 30 }),
        hostileText.map((text) => Buffer.from(text)),
      ),
    ),
    { minLength: 1, maxLength: 3 },
  )
  .map((all) => Buffer.concat(all.map(([json, binary]) => childFrame(json, binary))))

export const target: FuzzTarget = {
  seeds: () => [childFrame({ kind: 'alive' }), childFrame({ kind: 'answer', id: 1, value: {} }, Buffer.from('[]'))],
  structured: frames,
  words: ['"kind":"samples"', '"kind":"log"', '"series":[', '"__proto__":', '\u0000\u0000\u0000\u0001', '{', '}'],
  run(bytes) {
    const answers: string[] = []
    // In two chunks, the second of which begins anywhere.
    const middle = (bytes[bytes.length - 1] ?? 0) % (bytes.length + 1)
    const reader = new FrameReader(maxFrameBytes, (body) => answers.push(answerTo(body, bytes)))
    try {
      reader.push(bytes.subarray(0, middle))
      reader.push(bytes.subarray(middle))
    } catch (e) {
      answers.push(refusal(e, bytes, FrameError))
    }
    return answers.slice(0, 3).join()
  },
}

function answerTo(body: Buffer, input: Uint8Array): string {
  try {
    const parts = childParts(body, maxJsonBytes)
    for (const read of [
      () => readLoaded(parts.json, untrustedLimits),
      () => readResult(parts.json),
      () => readSummary(parts.binary, 10_000),
    ]) {
      try {
        read()
      } catch (e) {
        refusal(e, input, ShapeError)
      }
    }
    const message = readMessage(parts, untrustedLimits)
    if (message.kind === 'samples') {
      for (const value of message.batch.samples) assert.ok(!Number.isNaN(value))
    }
    if (message.kind === 'log')
      for (const { fields } of message.lines) assert.equal(Object.getPrototypeOf(fields), Object.prototype)
    return message.kind
  } catch (e) {
    return refusal(e, input, FrameError, ShapeError)
  }
}

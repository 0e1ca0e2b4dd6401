/**
 * Options of a script, of a configuration file and of the environment, limits, thresholds, selectors and segments. The first
 * letter says how the rest is read.
 */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { consolidateOptions, testOptions } from '../../engine/options/consolidate.js'
import { checkLocalIPs } from '../../engine/options/local-ips.js'
import { optionFields } from '../../engine/options/option-table.js'
import { parseConfigFile, parseEnvironment, parseOptions } from '../../engine/options/options.js'
import { formatSegment, parseSegment, parseSegmentSequence, SegmentError } from '../../engine/plan/segment.js'
import { formatDuration, parseDuration, parseGoDuration } from '../../go/duration.js'
import { GoSyntaxError, parseGoFloat, parseInt64 } from '../../go/number.js'
import { parseMetricSelector } from '../../metrics/metric-selector.js'
import { parseThreshold } from '../../metrics/threshold-parser.js'
import { limitNames, limitsFrom, parseLimit } from '../../policy/limits.js'
import { bytesOf, type FuzzTarget, refusal, textOf } from '../target.js'
import { hostileJson, hostileKey, hostileText } from '../texts.js'

const time = fc.oneof(
  fc.constantFrom('1s', '0', '-1s', '1d', '1h30m', '9999999h', '1e9s', '.5s', '', 'null', '99999999999999999999ns'),
  fc.tuple(fc.nat(), fc.constantFrom('ns', 'us', 'µs', 'ms', 's', 'm', 'h', 'd', 'x')).map((p) => p.join('')),
)
const integer = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 1e9, 2 ** 53, 1e300, 0.5, '5', '0x10'))
const anything = fc.oneof(time, integer, hostileText, fc.boolean(), fc.constant(null), fc.jsonValue({ maxDepth: 2 }))
const stages = fc.array(fc.record({ duration: fc.oneof(time, anything), target: fc.oneof(integer, anything) }), {
  maxLength: 4,
})
const executors = [
  'shared-iterations',
  'per-vu-iterations',
  'constant-vus',
  'ramping-vus',
  'constant-arrival-rate',
  'ramping-arrival-rate',
  'externally-controlled',
  'x',
]
const scenario = fc.record(
  {
    executor: fc.constantFrom(...executors),
    ...Object.fromEntries(
      ['startTime', 'gracefulStop', 'duration', 'maxDuration', 'timeUnit', 'gracefulRampDown'].map((k) => [
        k,
        fc.oneof(time, anything),
      ]),
    ),
    ...Object.fromEntries(
      ['vus', 'iterations', 'rate', 'startVUs', 'startRate', 'preAllocatedVUs', 'maxVUs'].map((k) => [
        k,
        fc.oneof(integer, anything),
      ]),
    ),
    stages,
    env: fc.oneof(fc.dictionary(hostileKey, hostileText), anything),
    tags: fc.oneof(fc.dictionary(hostileKey, hostileText), anything),
    exec: fc.oneof(fc.constant('default'), anything),
    options: anything,
  },
  { requiredKeys: ['executor'] },
)
const thresholdText = fc.oneof(
  fc
    .tuple(
      fc.constantFrom('p(', 'avg', 'count', 'rate', 'p', 'med', 'x'),
      fc.constantFrom('', '95)', '1e999)', ')'),
      fc.constantFrom('<', '>=', '==', '===', '!=', '='),
      integer,
    )
    .map((p) => p.join('')),
  hostileText,
)
const selector = fc
  .tuple(
    fc.constantFrom('http_reqs', 'x', '', 'checks'),
    fc.constantFrom('', '{a:b}', '{a:"b,c"}', '{', '}{', '{a}', '{:}', "{a:'b'}"),
    hostileText,
  )
  .map((p) => p.join(''))
const names = optionFields.flatMap(({ json }) => (json === undefined ? [] : [json]))
const known = fc.constantFrom(...names).chain((name) => fc.tuple(fc.constant(name), anything))
const whole = fc
  .record(
    {
      scenarios: fc.oneof(
        fc.dictionary(hostileKey, scenario, { maxKeys: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b'), scenario),
      ),
      stages,
      thresholds: fc.dictionary(
        selector,
        fc.oneof(
          fc.array(
            fc.oneof(
              thresholdText,
              fc.record({ threshold: thresholdText, abortOnFail: anything, delayAbortEval: time }),
            ),
          ),
          anything,
        ),
      ),
      tags: fc.dictionary(hostileKey, hostileText),
      hosts: fc.dictionary(hostileText, hostileText),
      others: fc.array(known, { maxLength: 5 }),
    },
    { requiredKeys: ['others'] },
  )
  .map(({ others, ...rest }) => JSON.stringify({ ...rest, ...Object.fromEntries(others) }))

const segments = fc
  .tuple(integer, fc.constantFrom('/', ':', '%', ','), integer, fc.constantFrom(':', ',', '/'), integer)
  .map((p) => p.join(''))
const limit = fc
  .tuple(
    fc.constantFrom(...limitNames, '__proto__', 'x'),
    fc.constantFrom('=', ''),
    fc.oneof(integer.map(String), time, fc.constantFrom('none', '64mb', '1e3', '0.5kb', '٣', '9'.repeat(400))),
  )
  .map((p) => p.join(''))

/** The parts of `L`, `T` and the like are single texts. */
const kinds: Readonly<Record<string, (text: string) => unknown>> = {
  O: (text) => options(JSON.parse(text)),
  F: (text) => parseConfigFile(text, 'config.json'),
  E: (text) => environment(text),
  L: (text) => checkLimit(text),
  T: (text) => parseThreshold(text),
  M: (text) => parseMetricSelector(text),
  D: (text) => checkDurations(text),
  S: (text) => checkSegments(text),
  I: (text) => checkLocalIPs(text),
}

const marked = (kind: string, texts: fc.Arbitrary<string>) => texts.map((text) => bytesOf(kind + text))

export const target: FuzzTarget = {
  seeds: () =>
    [
      ...names.map((name) => `O{"${name}":1}`),
      'L memoryBytes=64mb',
      'Tp(95)<1',
      'Ma{b:c}',
      'D1h',
      'S0:1/2',
      'I10.0.0.0/8',
    ].map(bytesOf),
  structured: fc.oneof(
    { weight: 10, arbitrary: marked('O', whole) },
    { weight: 1, arbitrary: marked('O', hostileJson) },
    { weight: 2, arbitrary: marked('F', whole) },
    {
      weight: 2,
      arbitrary: marked(
        'E',
        fc
          .tuple(
            fc.constantFrom(...optionFields.map(({ env }) => env ?? '')),
            anything.map((value) => (typeof value === 'string' ? value : JSON.stringify(value))),
          )
          .map((p) => p.join('=')),
      ),
    },
    { weight: 2, arbitrary: marked('L', limit) },
    { weight: 1, arbitrary: marked('T', thresholdText) },
    { weight: 1, arbitrary: marked('M', selector) },
    { weight: 1, arbitrary: marked('D', time) },
    { weight: 1, arbitrary: marked('S', segments) },
  ),
  words: [
    ...names.map((name) => `"${name}":`),
    ...executors,
    '"executor":',
    '"duration":',
    '1s',
    'p(95)<',
    '{a:b}',
    '1/3',
    '__proto__',
  ],
  run(bytes) {
    const text = textOf(bytes)
    const kind = kinds[text[0] ?? '']
    if (kind === undefined) return 'nothing'
    try {
      const result = kind(text.slice(1))
      return `${text[0]} ${typeof result === 'string' ? result : 'read'}`
    } catch (e) {
      // Scripts and files are JSON before they come here.
      if (e instanceof SyntaxError && text[0] === 'O') return 'not JSON'
      return `${text[0]} ${refusal(e, bytes, GoSyntaxError, SegmentError)}`
    }
  },
}

function options(json: unknown): string {
  const read = parseOptions(json, 'script').options
  const { scenarios, specified } = consolidateOptions({ script: read }, (name) => name === 'default')
  JSON.stringify(testOptions(specified))
  return scenarios.map(({ executor }) => executor).join()
}

function environment(text: string): unknown {
  const at = text.indexOf('=')
  return parseEnvironment(Object.assign(Object.create(null), { [text.slice(0, at)]: text.slice(at + 1) }))
}

function checkLimit(text: string): void {
  const at = text.indexOf('=')
  const [name, value] = [text.slice(0, at), text.slice(at + 1)]
  const limit = parseLimit(name, value)
  assert.ok(limit === Number.POSITIVE_INFINITY || (Number.isSafeInteger(limit) && limit >= 1), `${limit}`)
  assert.equal(limitsFrom([[name, value]])[name as (typeof limitNames)[number]], limit)
}

function checkDurations(text: string): void {
  for (const read of [parseGoDuration, parseDuration]) {
    let ms: number
    try {
      ms = read(text)
    } catch (e) {
      if (!(e instanceof GoSyntaxError)) throw e
      continue
    }
    assert.ok(Number.isFinite(ms))
    const shown = formatDuration(ms)
    assert.equal(parseGoDuration(shown), ms, `${text} is shown as ${shown}`)
  }
  for (const read of [parseInt64, parseGoFloat]) {
    try {
      assert.equal(typeof read(text), 'number')
    } catch (e) {
      if (!(e instanceof GoSyntaxError)) throw e
    }
  }
}

function checkSegments(text: string): void {
  for (const part of text.split(';')) {
    if (part.includes(',')) {
      parseSegmentSequence(part)
    } else {
      const segment = parseSegment(part)
      assert.equal(formatSegment(parseSegment(formatSegment(segment))), formatSegment(segment))
    }
  }
}

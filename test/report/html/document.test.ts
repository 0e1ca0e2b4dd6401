import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { AppError } from '../../../errors.js'
import { Thresholds } from '../../../metrics/thresholds.js'
import { buildReport, reportLimits } from '../../../report/html/build-report.js'
import { reportDocument } from '../../../report/html/document.js'
import { RunRecorder } from '../../../report/html/run-recorder.js'
import type { RunEnd, RunFacts } from '../../../report/outputs/reported-run.js'
import { feed, newStore, type RunSample, someTimeMs } from '../../metrics/run-of.js'

const facts: RunFacts = { script: 'script.js', summary: '1 scenario', scenarios: ['default: 1 iteration'], options: {} }

function report(
  samples: Iterable<RunSample>,
  {
    run = {},
    end = {},
    thresholds = {},
  }: { run?: Partial<RunFacts>; end?: Partial<RunEnd>; thresholds?: Record<string, string> } = {},
) {
  const store = newStore()
  const judged = Thresholds.of(
    new Map(Object.entries(thresholds).map(([name, threshold]) => [name, [{ threshold }]])),
    store,
  )
  const recorder = new RunRecorder()
  store.onSamples((batch) => recorder.add(batch))
  feed(store, samples)
  judged.evaluate(2000, true)
  const ended = { startedAtMs: someTimeMs, durationMs: 2000, thresholds: judged, error: undefined, ...end }
  return buildReport('belljar 0', store, recorder, { ...facts, ...run }, ended)
}

const dataOf = (page: string) => /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? ''

describe('the report of a run', () => {
  it('says how the run ended', () => {
    const verdict = (error?: AppError) => {
      const { run } = report([], { end: { error } })
      return [run.verdict, run.exitCode, run.reason]
    }
    assert.deepEqual(verdict(), ['passed', 0, undefined])
    assert.deepEqual(verdict(new AppError('THRESHOLDS_FAILED', 'crossed')), ['failed', 99, 'crossed'])
    assert.deepEqual(verdict(new AppError('INTERRUPTED', 'signal')), ['interrupted', 105, 'signal'])
    assert.deepEqual(verdict(new AppError('SCRIPT_ABORTED', 'by the script')), ['interrupted', 108, 'by the script'])
  })

  it('has exact numbers and the verdicts on them', () => {
    const { metrics, timeline } = report(
      [
        ['tre', 1],
        ['tre', 3, {}, 1000],
      ],
      { thresholds: { tre: 'avg<1.5', cnt: 'count<1' } },
    )
    const [trend, counter] = ['tre', 'cnt'].map((name) => metrics.find((metric) => metric.name === name))
    assert.deepEqual(trend?.values, {
      count: 2,
      avg: 2,
      min: 1,
      med: 2,
      max: 3,
      'p(90)': 2.8,
      'p(95)': 2.9,
      'p(99)': 2.98,
    })
    assert.deepEqual(trend?.thresholds, [{ source: 'avg<1.5', isOk: false, value: 'avg=2', method: 'avg', limit: 1.5 }])
    assert.equal(counter?.thresholds[0]?.isOk, true)
    assert.deepEqual(timeline, { startSeconds: 0, widthSeconds: 0.5, buckets: 3 })
  })

  it('is there for a run without samples', () => {
    const { timeline, metrics, lines } = report([])
    assert.deepEqual([timeline.buckets, metrics, lines], [0, [], []])
  })

  it('has a bounded number of rows and says what it left out', () => {
    const samples = Array.from({ length: 2000 }, (_, i): RunSample => ['checks', 1, { check: `c${i}`, group: '' }])
    const { checks, notes } = report(samples)
    assert.equal(checks.length, reportLimits.checks)
    assert.match(notes.join(), /first 500 checks/)
    const long = report([['checks', 1, { check: 'x'.repeat(3000), group: '' }]])
    assert.equal(long.checks[0]?.name.length, reportLimits.nameLength + 1)
    assert.match(report([], { run: { options: { tags: 'x'.repeat(300_000) } } }).notes.join(), /options are too long/)
  })

  it('keeps secrets of the options to itself', () => {
    const options = {
      vus: null,
      tlsAuth: [{ cert: 'CERT', key: 'PRIVATE', password: 'PASS', domains: ['a'] }],
      scenarios: { default: { executor: 'per-vu-iterations', env: { TOKEN: 'T0KEN' } } },
      ext: { loadimpact: { token: 'T0KEN' } },
    }
    const { run } = report([], { run: { options } })
    assert.doesNotMatch(run.options, /PRIVATE|PASS|T0KEN|vus/)
    assert.match(run.options, /"TOKEN": "\(not shown\)"/)
    assert.match(run.options, /CERT/)
  })

  it('shows names in options with their control characters visible', () => {
    const { run } = report([], { run: { options: { tags: { 'a\u202e\u009b': '\u202e' } } } })
    assert.doesNotMatch(run.options, /[\u202e\u009b]/)
  })
})

describe('the document of a report', () => {
  const hostile = '</script><!--<script><img src=x onerror=alert(1)>\u2028&"\''

  it('lets no string end its block of data, and keeps every string', () => {
    const data = report([['checks', 1, { check: hostile, group: `::${hostile}` }]], {
      run: { script: hostile, scenarios: [hostile], options: { tags: { [hostile]: hostile } } },
      end: { error: new AppError('SCRIPT_EXCEPTION', hostile) },
    })
    const page = reportDocument(data, 'code()', 'body{}')
    assert.doesNotMatch(dataOf(page), /</)
    assert.deepEqual(JSON.parse(dataOf(page)), JSON.parse(JSON.stringify(data)))
    assert.equal(page.match(/<script/g)?.length, 2)
    assert.doesNotMatch(page, /<img/)
    assert.match(page, /<title>&lt;\/script&gt;&lt;!--/)
  })

  it('allows its own code and style, and nothing else', () => {
    const page = reportDocument(report([]), 'say("</script>")', 'body{}')
    const [, policy = ''] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? []
    const [, code = ''] = /<script>(.*?)<\/script>/s.exec(page) ?? []
    assert.equal(code, 'say("<\\/script>")')
    const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`
    assert.equal(
      policy,
      `default-src 'none'; script-src ${hash(code)}; style-src ${hash('body{}')}; base-uri 'none'; form-action 'none'`,
    )
    assert.doesNotMatch(page, /(src|href)=/)
  })
})

/**
 * A finished run with some of everything, for tests of summaries.
 */
import { Thresholds } from '../../metrics/thresholds.js'
import type { SummaryContext } from '../../report/summary-values.js'
import { feed, newStore } from '../metrics/run-of.js'

/** What the summaries of it are told. */
export const context: SummaryContext = {
  testRunDurationMs: 2000,
  trendStats: ['avg', 'p(90)', 'count'],
  timeUnit: 'ms',
  noColor: true,
  isStdOutTty: false,
  isStdErrTty: true,
}

/** Its metrics and the verdicts on them. */
export function run() {
  const store = newStore()
  const thresholds = Thresholds.of(
    new Map([
      ['cnt', [{ threshold: 'count>1' }, { threshold: 'count<1' }]],
      ['tre{a:b}', [{ threshold: 'p(95)<5' }]],
    ]),
    store,
  )
  feed(store, [
    ['cnt', 4],
    ['gau', -1],
    ['gau', 3],
    ['rat', 1],
    ['rat', 0],
    ['tre', 10],
    ['tre', 20],
    ['checks', 1, { group: '::g', check: 'ok' }],
    ['group_duration', 1, { group: '::g::__proto__' }],
  ])
  thresholds.evaluate(2000, true)
  return { store, thresholds }
}

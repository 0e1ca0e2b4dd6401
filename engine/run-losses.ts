/** What of the measured is missing or not exact, told in the log at the end of a run. */
import type { MetricStore } from '../metrics/store.js'
import type { RunLog } from './run-log.js'

export function logLosses(store: MetricStore, log: RunLog): void {
  const { droppedSamples } = store
  if (droppedSamples > 0) {
    log.warning(`${droppedSamples} samples were dropped: there were too many at once, or too many series`)
  }
  const approximated = store.approximated()
  if (approximated.length > 0) {
    const worst = Math.max(...approximated.map(({ relativeError }) => relativeError))
    log.info(
      `percentiles of metrics '${approximated.map(({ name }) => name).join(', ')}' are within ${formatPercent(worst)} of the exact ones: there were too many values to keep them all`,
    )
  }
}

function formatPercent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}

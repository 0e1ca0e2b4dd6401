/** What of a run is missing or not exact, told in its log and to the audit at its end. */
import type { MetricStore } from '../metrics/store.js'
import type { AuditRecord } from '../policy/audit.js'
import type { LimitName, Limits } from '../policy/limits.js'
import { systemClock } from './executors/executor.js'
import type { RunLog } from './run-log.js'

export interface LossReport {
  readonly log: RunLog
  readonly limits: Limits
  audit?(record: AuditRecord): void
}

/** What of the measured is missing, or summed up in another way than one would think. */
export function tellMetricLosses(store: MetricStore, report: LossReport): void {
  for (const [limit, count] of store.droppedBy) tellDrop(limit, count, 'samples', report)
  const dropped = [...store.droppedBy.values()].reduce((rest, count) => rest - count, store.droppedSamples)
  if (dropped > 0) report.log.warning(`${dropped} samples were dropped: there were too many at once`)
  const approximated = store.approximated()
  if (approximated.length > 0) {
    const worst = Math.max(...approximated.map(({ relativeError }) => relativeError))
    report.log.info(
      `percentiles of metrics '${approximated.map(({ name }) => name).join(', ')}' are within ${formatPercent(worst)} of the exact ones: there were too many values to keep them all`,
    )
  }
}

/** Says how many things a limit has dropped, if it has. */
export function tellDrop(limit: LimitName, count: number, subject: string, { log, limits, audit }: LossReport): void {
  if (count === 0) return
  const rule = String(limits[limit])
  log.warning(`${count} ${subject} were dropped (limit ${limit}: ${rule})`)
  audit?.({ timeMs: systemClock.now(), section: `limits.${limit}`, rule, subject, vu: 0, count })
}

function formatPercent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`
}

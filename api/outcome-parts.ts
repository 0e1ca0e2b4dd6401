/** The parts of an outcome: metrics, checks and thresholds out of the object that handleSummary gets, and the error. */
import { failureMessage } from '../engine/script-failure.js'
import { type AppError, ExitCode } from '../errors.js'
import { cleanText } from '../report/clean-text.js'
import type { SummaryData, SummaryGroup } from '../report/summary-data.js'
import type { RunCheck, RunError, RunMetric, RunMetrics, RunStatus, RunThreshold } from './run-outcome.js'

export function metricsOf({ metrics }: SummaryData): RunMetrics {
  const all: Record<string, RunMetric> = Object.create(null)
  for (const [name, { type, contains, values }] of Object.entries(metrics)) all[name] = { type, contains, values }
  return all
}

export function thresholdsOf({ metrics }: SummaryData): RunThreshold[] {
  return Object.entries(metrics).flatMap(([metric, { thresholds = {} }]) =>
    Object.entries(thresholds).map(([threshold, { ok }]) => ({ metric, threshold, ok })),
  )
}

/** The paths of all groups, those above before those in them. */
export function groupsOf({ root_group }: SummaryData): string[] {
  return allGroups(root_group)
    .slice(1)
    .map(({ path }) => path)
}

export function checksOf({ root_group }: SummaryData): RunCheck[] {
  return allGroups(root_group).flatMap(({ path, checks }) =>
    checks.map(({ name, passes, fails }) => ({ name, group: path, passes, fails })),
  )
}

/** In one list, so that a tree that a script made deep needs no stack. */
function allGroups(root: SummaryGroup): SummaryGroup[] {
  const all = [root]
  for (const { groups } of all) for (const group of groups) all.push(group)
  return all
}

export function statusOf(error: AppError | undefined, isAborted: boolean): RunStatus {
  if (error === undefined) return 'passed'
  return isAborted && error.code === 'INTERRUPTED' ? 'stopped' : 'failed'
}

/** The error as a caller gets it: of one of ours that is a bug, no more than its first line, since the rest is our stack. */
export function errorOf(error: AppError): RunError {
  const message =
    'failure' in error ? failureMessage(error.failure as Parameters<typeof failureMessage>[0]) : error.message
  const text = error.code === 'INTERNAL' ? (message.split('\n')[0] ?? '') : message
  return {
    code: error.code,
    message: cleanText(text, true),
    ...(error.hint === undefined ? {} : { hint: cleanText(error.hint, true) }),
  }
}

export const exitCodeOf = (error: AppError | undefined): ExitCode => error?.exitCode ?? ExitCode.ok

/**
 * Reads the names that thresholds are given for: `metric` or `metric{tag:value,other:value}`.
 * Pure; whether the metric exists is not its business.
 */
import { AppError } from '../errors.js'
import { goQuote } from '../go/quote.js'
import { type Tag, TagSet } from './tag-set.js'

/** A part of a metric: the samples that have all of `tags`. */
export interface SubMetricSelector {
  /** The metric's name and the condition, as k6 shows it: `name{suffix}`. */
  readonly name: string
  /** What stood between the braces, without blanks around it. */
  readonly suffix: string
  readonly tags: TagSet
}

/** A threshold's name in its parts. */
export interface MetricSelector {
  readonly metricName: string
  readonly subMetric?: SubMetricSelector
}

/**
 * Takes a threshold's name apart.
 *
 * @throws {AppError} `OPTIONS_INVALID` with k6's text, without the words that k6 puts in front of it
 */
export function parseMetricSelector(name: string): MetricSelector {
  const open = name.indexOf('{')
  const close = name.lastIndexOf('}')
  if (open < 0 && close < 0) return { metricName: name }
  if (open < 0 || close < 0) throw invalid(name, 'has unmatched opening/close curly brace')
  if (close < open) throw invalid(name, 'closing curly brace appears before opening one')
  if (close !== name.length - 1) throw invalid(name, 'lacks a closing curly brace in its last position')
  const suffix = name.slice(open + 1, close).trim()
  const tags: Tag[] = []
  for (const part of name.slice(open + 1, close).split(',')) {
    const colon = part.indexOf(':')
    if (colon < 0 || colon === part.length - 1) throw invalid(part, 'tag expression is malformed')
    tags.push([unquoted(part.slice(0, colon)), unquoted(part.slice(colon + 1))])
  }
  const metricName = name.slice(0, open)
  return { metricName, subMetric: { name: `${metricName}{${suffix}}`, suffix, tags: TagSet.from(tags) } }
}

function invalid(name: string, problem: string): AppError {
  return new AppError('OPTIONS_INVALID', `parsing metric name failed, metric ${goQuote(name)} ${problem}`)
}

function unquoted(text: string): string {
  return text.trim().replace(/^["']+|["']+$/g, '')
}

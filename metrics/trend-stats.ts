/**
 * The statistics a trend can be summed up by: the names that `summaryTrendStats` takes, and what each means.
 */
import { AppError, ExitCode } from '../errors.js'
import { parseGoFloat } from '../go/number.js'
import type { TrendSink } from './trend-sink.js'

/**
 * The function that reads one statistic off a trend.
 *
 * @throws {AppError} `OPTIONS_INVALID` with k6's text and exit code (255) for a name that is none
 */
export function trendStat(name: string): (sink: TrendSink) => number {
  switch (name) {
    case 'avg':
      return (sink) => sink.avg
    case 'min':
      return (sink) => sink.min
    case 'med':
      return (sink) => sink.percentile(50)
    case 'max':
      return (sink) => sink.max
    case 'count':
      return (sink) => sink.count
  }
  if (!name.startsWith('p(') || !name.endsWith(')')) {
    throw new AppError('OPTIONS_INVALID', `invalid trend stat '${name}', unknown format`, {
      exitCode: ExitCode.generic,
    })
  }
  const percent = percentOf(name.slice(2, -1))
  if (percent === undefined) {
    throw new AppError(
      'OPTIONS_INVALID',
      `invalid percentile trend stat value '${name}', provide a number between 0 and 100`,
      { exitCode: ExitCode.generic },
    )
  }
  return (sink) => sink.percentile(percent)
}

function percentOf(text: string): number | undefined {
  try {
    const percent = parseGoFloat(text)
    return percent >= 0 && percent <= 100 ? percent : undefined
  } catch {
    return undefined
  }
}

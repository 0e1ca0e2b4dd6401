/**
 * Reads one threshold expression: `p(95)<500`. Pure; whether it fits a metric is decided elsewhere.
 */
import { AppError } from '../errors.js'
import { GoSyntaxError, parseGoFloat } from '../go/number.js'
import { goQuote } from '../go/quote.js'

// Each is looked for in the whole text before the next one, so `<=` must come before `<`.
const operators = ['<=', '<', '>=', '>', '===', '==', '!='] as const
const plainMethods = ['value', 'count', 'rate', 'avg', 'min', 'med', 'max'] as const

/** Numbers of a million digits take long to read, and mean nothing that a shorter one does not. */
const maxLetters = 1000

/** How the two sides are compared. */
export type ThresholdOperator = (typeof operators)[number]

/** What is read off the metric; `p` with a percentage. */
export type ThresholdMethod = (typeof plainMethods)[number] | 'p'

/** An expression in its parts. */
export interface ThresholdExpression {
  readonly method: ThresholdMethod
  /** The left side as it was written, without blanks around it: `p(95)`. */
  readonly methodText: string
  /** 0 to 100, for the method `p`. */
  readonly percent?: number
  readonly operator: ThresholdOperator
  readonly limit: number
}

/**
 * Takes an expression apart.
 *
 * @throws {AppError} `OPTIONS_INVALID` with k6's text
 */
export function parseThreshold(source: string): ThresholdExpression {
  if (source.length > maxLetters) {
    const subject = `threshold expression ${goQuote(`${source.slice(0, 50)}…`)}`
    throw invalid(subject, `${source.length} letters, and it may have ${maxLetters}`)
  }
  const operator = operators.find((candidate) => source.includes(candidate))
  if (operator === undefined) {
    throw invalid(`threshold expression ${goQuote(source)}`, 'malformed threshold expression')
  }
  const at = source.indexOf(operator)
  const methodText = source.slice(0, at).trim()
  const limitText = source.slice(at + operator.length).trim()
  const method = parseMethod(source, methodText)
  // The missing s in "expresion" is k6's.
  const limit = numberOr(limitText, (reason) =>
    invalid(`threshold expresion's ${goQuote(source)} right hand side`, reason),
  )
  return { ...method, methodText, operator, limit }
}

function parseMethod(source: string, text: string): Pick<ThresholdExpression, 'method' | 'percent'> {
  const plain = plainMethods.find((method) => method === text)
  if (plain !== undefined) return { method: plain }
  // `p` alone is a word that k6 knows, and a percentile of nothing it cannot work out; refuse it here.
  const subject = `threshold expression's ${goQuote(source)} left hand side`
  if (!text.startsWith('p(') || !text.endsWith(')')) throw invalid(subject, 'failed parsing method from expression')
  const percent = numberOr(text.slice(2, -1), (reason) =>
    invalid(subject, `malformed percentile value; reason: ${reason}`),
  )
  if (!(percent >= 0 && percent <= 100)) {
    throw invalid(subject, 'malformed percentile value, provide a number between 0 and 100')
  }
  return { method: 'p', percent }
}

function numberOr(text: string, toError: (reason: string) => AppError): number {
  try {
    return parseGoFloat(text)
  } catch (e) {
    throw e instanceof GoSyntaxError ? toError(e.message) : e
  }
}

function invalid(subject: string, reason: string): AppError {
  return new AppError('OPTIONS_INVALID', `failed parsing ${subject}; reason: ${reason}`)
}

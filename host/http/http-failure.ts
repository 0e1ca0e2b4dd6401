/** Why a request failed: k6's numbers and texts of errors (docs: k6's "Error codes"). Makes no request. */
import { isAppError } from '../../errors.js'
import type { LimitName } from '../../policy/limits.js'
import { DialError } from '../dns.js'

/** A request that failed, or a response of which something is wrong. */
export class HttpFailure extends Error {
  constructor(
    /** One of k6's error codes. */
    readonly code: number,
    /** What the tag `error` and `response.error` say: the same for all failures of a kind. */
    readonly short: string,
    /** What the log and an exception say; `short` if left out. */
    message = short,
    options?: { cause: unknown },
    /** The limit of the policy that is passed, if it is one. */
    readonly limit?: LimitName,
  ) {
    super(message, options)
  }
}

/** The rules for errors of a look-up, of a connect and of TLS, whose texts are those of Go. */
const dialRules: readonly (readonly [pattern: RegExp, code: number, short: string])[] = [
  [/^hostname \(.*\) is in a blocked pattern/s, 1111, 'hostname is blocked'],
  [/^IP \(.*\) is in a blacklisted range/s, 1110, 'ip is blacklisted'],
  [/^lookup .*: no such host$/s, 1101, 'lookup: no such host'],
  [/^lookup /, 1100, 'lookup: failed'],
  [/^dial tcp .*: i\/o timeout$/s, 1211, 'dial: i/o timeout'],
  [/^dial tcp .*: connect: connection timed out$/s, 1211, 'dial: i/o timeout'],
  [/^dial tcp .*: connect: connection refused$/s, 1212, 'dial: connection refused'],
  [/^dial tcp /, 1210, 'dial: failed'],
  [/x509: certificate signed by unknown authority/, 1310, 'x509: unknown authority'],
  [
    /x509: (certificate is (not )?valid for|cannot validate certificate for)/,
    1311,
    "x509: certificate doesn't match hostname",
  ],
  [/x509: certificate has expired/, 1300, 'x509: certificate has expired or is not yet valid'],
  [/^(remote error: )?tls: /, 1300, ''],
  [/connection reset by peer$/, 1220, 'read: connection reset by peer'],
]

/** What any error of an exchange means to a script. Errors that are ours and not the network's come back as they are. */
export function failureOf(error: unknown): unknown {
  if (error instanceof HttpFailure) return error
  if (isAppError(error, 'NETWORK_DENIED'))
    return new HttpFailure(1110, 'ip is not allowed', error.message, { cause: error })
  if (isAppError(error, 'LIMIT_COUNT'))
    return new HttpFailure(1000, 'too many connections', error.message, { cause: error })
  if (isAppError(error, 'NOT_SUPPORTED')) return new HttpFailure(1300, error.message, error.message, { cause: error })
  if (error instanceof DialError) {
    const rule = dialRules.find(([pattern]) => pattern.test(error.message))
    // What comes before has ports and addresses in it.
    const last = error.message.slice(error.message.lastIndexOf(': ') + 1).trim()
    if (rule === undefined) return new HttpFailure(1000, last, error.message, { cause: error })
    return new HttpFailure(rule[1], rule[2] || error.message, error.message, { cause: error })
  }
  return error
}

/** The failure of a request whose time is up. */
export function timedOut(): HttpFailure {
  return new HttpFailure(1050, 'request timeout')
}

/** The errors of WebCrypto, by the names that W3C gives them. Node.js's own texts stay here. */

export type WebCryptoErrorName =
  | 'DataError'
  | 'InvalidAccessError'
  | 'NotSupportedError'
  | 'OperationError'
  | 'SyntaxError'
  | 'TypeError'

/** An error that the script sees: its promise is rejected with it. */
export class WebCryptoError extends Error {
  readonly guestName: WebCryptoErrorName

  constructor(name: WebCryptoErrorName, message: string) {
    super(message)
    this.name = 'WebCryptoError'
    this.guestName = name
  }
}

/** What Node.js may mean by an error of that name, where it was not this folder that found the fault. */
const meanings: Record<string, string> = {
  DataError: 'the key data do not fit the format and the algorithm',
  InvalidAccessError: 'the key or the parameters do not fit the operation',
  NotSupportedError: 'this combination of algorithm, format and parameters is not supported',
  OperationError: 'the operation failed: wrong sizes, wrong parameters, or data that were not made with this key',
  SyntaxError: 'the usages do not fit the algorithm and the kind of key',
  TypeError: 'the parameters have the wrong types',
}

/** The error to show for what an operation threw. Undefined for a bug. */
export function shownError(e: unknown, operation: string, algorithm: string): WebCryptoError | undefined {
  if (e instanceof WebCryptoError) return e
  if (!(e instanceof Error)) return undefined
  // A DOMException, or a TypeError of Node.js's own checks. Node.js 20 has one name of its own invention.
  const found = e.name === 'InvalidAccessException' ? 'InvalidAccessError' : e.name
  const isOfOpenSsl = 'opensslErrorStack' in e || String((e as { code?: unknown }).code).startsWith('ERR_')
  const name = Object.hasOwn(meanings, found) ? found : isOfOpenSsl ? 'OperationError' : undefined
  if (name === undefined) return undefined
  return new WebCryptoError(name as WebCryptoErrorName, `${operation} with ${algorithm}: ${meanings[name]}`)
}

/** One request and its response on one connection: bytes in, bytes out, bounded. Knows no redirect, cookie or metric. */
import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher } from 'undici'
import { codeOf } from '../net/tcp.js'
import { type HttpConnection, maxHeaderBytes } from './http-connection.js'
import { HttpFailure } from './http-failure.js'

export interface WireRequest {
  readonly method: string
  readonly path: string
  /** With `host` among them. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array | undefined
}

/** What came back; `failure` when it broke off after the headers. */
export interface WireResponse {
  readonly status: number
  readonly statusText: string
  /** As they came, one for each line. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Uint8Array
  readonly failure: HttpFailure | undefined
}

/** Moments of an exchange, in milliseconds of a clock that never jumps. */
export interface ExchangeTimes {
  sentAtMs?: number
  headersAtMs?: number
}

export interface ExchangeLimits {
  /** Bytes of a body that is kept. */
  readonly maxBodyBytes: number
  /** False when the body is read and thrown away. */
  readonly keepsBody: boolean
}

/** Go's client takes no more of them. */
const maxInformational = 5

/**
 * Sends and receives. When it rejects, or the response has a failure, the connection is closed.
 *
 * @throws {HttpFailure} when no response came
 * @throws the reason of the signal
 */
export function exchange(
  connection: HttpConnection,
  request: WireRequest,
  times: ExchangeTimes,
  { maxBodyBytes, keepsBody }: ExchangeLimits,
  signal: AbortSignal,
): Promise<WireResponse> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const chunks: Uint8Array[] = []
    let received = 0
    let informational = 0
    let head: Pick<WireResponse, 'status' | 'statusText' | 'headers'> | undefined
    let failure: HttpFailure | undefined
    let abort: (reason: Error) => void = () => {}
    const give = (up: HttpFailure) => {
      failure ??= up
      abort(up)
      // A request that undici has not begun yet has nothing to abort.
      connection.close()
    }
    const onAbort = () => give(signal.reason instanceof HttpFailure ? signal.reason : new HttpFailure(1000, 'canceled'))
    const end = (error?: unknown) => {
      signal.removeEventListener('abort', onAbort)
      if (error !== undefined) {
        // A 304 may tell the length of the body that it does not have (RFC 9110, section 8.6); undici wants the body.
        if (head?.status !== 304 || codeOf(error) !== 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
          failure ??= failureOfWire(error, head !== undefined)
        }
        connection.close()
      }
      if (head === undefined) return reject(failure)
      resolve({ ...head, body: Buffer.concat(chunks), failure })
    }
    signal.addEventListener('abort', onAbort, { once: true })
    const handler: Dispatcher.DispatchHandler & { onRequestSent(): void } = {
      onConnect(abortRequest: (reason?: Error) => void) {
        abort = abortRequest
      },
      onRequestSent() {
        times.sentAtMs = performance.now()
      },
      onHeaders(status: number, raw: Buffer[], _resume: () => void, statusText: string) {
        if (status < 200) {
          if (++informational > maxInformational)
            give(new HttpFailure(1000, 'net/http: too many 1xx informational responses'))
          return true
        }
        times.headersAtMs = performance.now()
        head = { status, statusText, headers: headersOf(raw) }
        return true
      },
      onData(chunk: Buffer) {
        if (!keepsBody) return true
        received += chunk.byteLength
        if (received <= maxBodyBytes) chunks.push(chunk)
        else {
          const text = `the body of the response has more than ${maxBodyBytes} bytes (limit httpBodyBytes)`
          give(new HttpFailure(1000, text, text, undefined, 'httpBodyBytes'))
        }
        return true
      },
      onComplete() {
        end()
      },
      onError(error: Error) {
        end(error)
      },
    }
    const { method, path, body } = request
    const headers: IncomingHttpHeaders = Object.create(null)
    // One character for each byte of UTF-8, which is how undici writes them.
    for (const [name, value] of request.headers) headers[name] = Buffer.from(value).toString('latin1')
    connection.client.dispatch({ method: method as Dispatcher.HttpMethod, path, headers, body: body ?? null }, handler)
  })
}

/** Go's client keeps what is about the transfer alone to itself. */
function headersOf(raw: Buffer[]): [string, string][] {
  const headers: [string, string][] = []
  for (let i = 0; i + 1 < raw.length; i += 2) headers.push([raw[i]!.toString('utf8'), raw[i + 1]!.toString('utf8')])
  return headers.filter(([name]) => !/^(transfer-encoding|trailer)$/i.test(name))
}

/** Errors of undici and of sockets in Go's words. None of their own texts goes to a script. */
function failureOfWire(error: unknown, hasHeaders: boolean): HttpFailure {
  if (error instanceof HttpFailure) return error
  const code = codeOf(error)
  const failure = (number: number, text: string) => new HttpFailure(number, text, text, { cause: error })
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') {
    return failure(1000, 'the request has a header that cannot be sent')
  }
  if (code === 'ECONNRESET') return failure(1220, 'read: connection reset by peer')
  if (code === 'EPIPE') return failure(1201, 'write: broken pipe')
  if (code === 'UND_ERR_HEADERS_OVERFLOW') {
    return failure(1000, `net/http: server response headers exceeded ${maxHeaderBytes} bytes; aborted`)
  }
  if (code === 'UND_ERR_SOCKET' && error instanceof Error && error.message.startsWith('bad ')) {
    return failure(1000, 'malformed HTTP response')
  }
  if (code === 'UND_ERR_SOCKET' || code === 'HPE_INVALID_EOF_STATE') {
    return failure(1000, hasHeaders ? 'unexpected EOF' : 'EOF')
  }
  if (code.startsWith('HPE_') || (error instanceof Error && error.name === 'HTTPParserError'))
    return failure(1000, hasHeaders ? 'malformed chunked encoding' : 'malformed HTTP response')
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH') {
    return failure(1000, hasHeaders ? 'unexpected EOF' : 'malformed HTTP response')
  }
  return failure(1000, 'the exchange with the server failed')
}

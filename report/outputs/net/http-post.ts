/**
 * Sends bytes to an HTTP receiver of the operator's choice. One of the two places in report/ that open connections; the
 * other is grpc-unary.ts. Follows no redirect and believes no length: an answer is cut.
 */
import { Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import { SendError } from '../push/send-queue.js'

/** Where to send, and how. */
export interface HttpTarget {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly tls?: SecureContextOptions & { rejectUnauthorized?: boolean }
  /** For one request, from its beginning to the end of the answer. */
  readonly timeoutMs?: number
}

/** The beginning of an answer. */
export interface HttpAnswer {
  readonly status: number
  /** What the header `retry-after` asks for, in seconds there; a date is not understood. */
  readonly retryAfterMs: number | undefined
  readonly body: Buffer
}

const defaultTimeoutMs = 10_000
const maxAnswerBytes = 16 * 1024

/** Posts to one URL over connections that are kept. */
export class HttpPoster {
  readonly #target: HttpTarget
  readonly #agent: HttpAgent

  constructor(target: HttpTarget) {
    this.#target = target
    const options = { keepAlive: true, maxSockets: 1 }
    this.#agent =
      target.url.protocol === 'https:' ? new HttpsAgent({ ...options, ...target.tls }) : new HttpAgent(options)
  }

  /** @throws {SendError} if there was no answer; it may be tried again */
  async post(body: Uint8Array, signal: AbortSignal): Promise<HttpAnswer> {
    const { url, headers, timeoutMs = defaultTimeoutMs } = this.#target
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      return await this.#exchange(body, headers, AbortSignal.any([signal, timeout]))
    } catch (e) {
      if (timeout.aborted) throw new SendError(`${url.host} did not answer within ${timeoutMs / 1000} seconds`, true)
      throw new SendError(`${url.host} could not be reached: ${e instanceof Error ? reasonOf(e) : String(e)}`, true)
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #exchange(body: Uint8Array, headers: HttpTarget['headers'], signal: AbortSignal): Promise<HttpAnswer> {
    const { url } = this.#target
    return new Promise((resolve, reject) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest
      const request = send(
        url,
        { method: 'POST', agent: this.#agent, headers: { ...headers, 'content-length': body.length }, signal },
        (response) => {
          const parts: Buffer[] = []
          let length = 0
          const finish = () =>
            resolve({
              status: response.statusCode ?? 0,
              retryAfterMs: retryAfterMs(response.headers['retry-after']),
              body: Buffer.concat(parts),
            })
          response.on('data', (part: Buffer) => {
            parts.push(part.subarray(0, maxAnswerBytes - length))
            length += part.length
            if (length < maxAnswerBytes) return
            finish()
            request.destroy()
          })
          response.on('end', finish)
          response.on('error', reject)
        },
      )
      request.on('error', reject)
      request.end(body)
    })
  }
}

function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined
}

/** Node.js wraps what happened on several addresses of a name into an error without a message. */
function reasonOf(e: Error): string {
  if (e instanceof AggregateError) return e.errors.map((one: Error) => one.message).join(', ')
  return e.message
}

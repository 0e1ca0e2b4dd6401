/**
 * Makes unary gRPC calls with bytes to a receiver of the operator's choice. One of the two places in report/ that open
 * connections; the other is http-post.ts.
 */

import type { SecureContextOptions } from 'node:tls'
import { ChannelCredentials, Client, Metadata, type ServiceError, type StatusObject, status } from '@grpc/grpc-js'
import { SendError } from '../push/send-queue.js'

/** Where to call, and how. */
export interface GrpcTarget {
  /** `host:port` */
  readonly address: string
  /** `/package.Service/Method` */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** Undefined for a connection that is not encrypted. */
  readonly tls: (Pick<SecureContextOptions, 'ca' | 'cert' | 'key'> & { rejectUnauthorized?: boolean }) | undefined
  /** For one call. */
  readonly timeoutMs?: number
}

const defaultTimeoutMs = 10_000
const maxAnswerBytes = 64 * 1024

/** What the OTLP specification says may be tried again. */
const retryable: ReadonlySet<status> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.ABORTED,
  status.OUT_OF_RANGE,
  status.UNAVAILABLE,
  status.DATA_LOSS,
])

/** Calls one method over one connection. */
export class GrpcCaller {
  readonly #target: GrpcTarget
  readonly #client: Client
  readonly #metadata = new Metadata()

  constructor(target: GrpcTarget) {
    this.#target = target
    for (const [name, value] of Object.entries(target.headers)) this.#metadata.set(name, value)
    const { tls } = target
    const buffer = (pem: unknown) => (pem === undefined ? null : Buffer.from(String(pem)))
    const credentials =
      tls === undefined
        ? ChannelCredentials.createInsecure()
        : ChannelCredentials.createSsl(buffer(tls.ca), buffer(tls.key), buffer(tls.cert), {
            rejectUnauthorized: tls.rejectUnauthorized ?? true,
          })
    this.#client = new Client(target.address, credentials, {
      'grpc.max_receive_message_length': maxAnswerBytes,
      'grpc.enable_retries': 0,
      'grpc.service_config_disable_resolution': 1,
    })
  }

  /** @throws {SendError} for every status but OK */
  call(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { path, timeoutMs = defaultTimeoutMs } = this.#target
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest<Uint8Array, Buffer>(
        path,
        (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
        (bytes) => bytes,
        body,
        this.#metadata,
        { deadline: Date.now() + timeoutMs },
        (error, answer) => {
          signal.removeEventListener('abort', cancel)
          if (error !== null) reject(toSendError(this.#target.address, error))
          else resolve(answer!)
        },
      )
      const cancel = () => call.cancel()
      signal.addEventListener('abort', cancel)
      if (signal.aborted) cancel()
    })
  }

  close(): void {
    this.#client.close()
  }
}

function toSendError(address: string, { code, details }: ServiceError | StatusObject): SendError {
  return new SendError(`${address} answered with ${status[code] ?? code}: ${details}`, retryable.has(code))
}

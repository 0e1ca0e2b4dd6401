/**
 * The four shapes of a gRPC method, made from plain functions: what they throw becomes the status of the call, a caller
 * that went away ends the work, and no stream is written faster than its reader reads.
 */
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
  status,
} from '@grpc/grpc-js'
import { StatusError } from './status-error.js'

function statusOf(e: unknown): StatusError {
  return e instanceof StatusError ? e : new StatusError(status.INTERNAL, e instanceof Error ? e.message : String(e))
}

/** A method with one request and one response. */
export function unary<Request, Response>(
  answer: (request: Request, metadata: Metadata) => Response,
): handleUnaryCall<Request, Response> {
  return (call, callback) => {
    let response: Response
    try {
      response = answer(call.request, call.metadata)
    } catch (e) {
      callback(statusOf(e))
      return
    }
    callback(null, response)
  }
}

/** A method that answers one request with a stream: all that `answers` yields. It throws, if at all, before the first. */
export function serverStreaming<Request, Response>(
  answers: (request: Request, metadata: Metadata) => Iterable<Response>,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    let iterator: Iterator<Response>
    try {
      iterator = answers(call.request, call.metadata)[Symbol.iterator]()
    } catch (e) {
      call.emit('error', statusOf(e))
      return
    }
    // A cancelled call is destroyed and never drains, so the pump stops by itself.
    const pump = (): void => {
      for (let next = iterator.next(); !next.done; next = iterator.next()) {
        if (!call.write(next.value)) {
          call.once('drain', pump)
          return
        }
      }
      call.end()
    }
    pump()
  }
}

/** A method that answers a stream of requests with one response. */
export function clientStreaming<Request, Response>(
  answer: (requests: AsyncIterable<Request>, metadata: Metadata) => Promise<Response>,
): handleClientStreamingCall<Request, Response> {
  return (call, callback) => {
    answer(call.iterator({ destroyOnReturn: false }), call.metadata).then(
      (response) => callback(null, response),
      (e: unknown) => {
        if (!call.cancelled) callback(statusOf(e))
      },
    )
  }
}

/** A method with a stream in both directions; `send` resolves when there is room for the next message. */
export function bidiStreaming<Request, Response>(
  converse: (
    requests: AsyncIterable<Request>,
    send: (response: Response) => Promise<void>,
    metadata: Metadata,
  ) => Promise<void>,
): handleBidiStreamingCall<Request, Response> {
  return (call) => {
    const send = (response: Response): Promise<void> =>
      new Promise((resolve) => {
        if (call.write(response)) {
          resolve()
          return
        }
        const ready = (): void => {
          call.off('drain', ready)
          call.off('close', ready)
          resolve()
        }
        call.on('drain', ready)
        call.on('close', ready)
      })
    // Without destroyOnReturn: false the end of the requests would close the responses too.
    converse(call.iterator({ destroyOnReturn: false }), send, call.metadata).then(
      () => call.end(),
      (e: unknown) => {
        if (!call.cancelled) call.emit('error', statusOf(e))
      },
    )
  }
}

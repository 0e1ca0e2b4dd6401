/**
 * `k6/net/grpc` for TypeScript, on top of @types/k6: what belljar adds, marked "belljar only", and what k6 v2.2 has and
 * @types/k6 lacks. TypeScript lets nothing be taken away or changed from here: where @types/k6 is wrong, overloads that
 * come before its own say it right.
 */
import 'k6/net/grpc'

declare module 'k6/net/grpc' {
  interface ConnectParams {
    /**
     * Name that goes with each call as `:authority`, and that the server's certificate must have. The address's host when
     * left out. In k6 as well.
     */
    authority?: string

    /**
     * Whether VUs that connect to the same address with the same parameters may share a connection. `false` when left out:
     * a connection belongs to one VU. belljar only.
     */
    connectionSharing?: boolean

    /**
     * Which of the addresses of a name take the calls: the first that answers, or all in turn. `'pick_first'` when left
     * out. belljar only.
     */
    loadBalancing?: 'pick_first' | 'round_robin'

    /**
     * How the messages of the client's calls are packed, unless a call says otherwise. `'identity'`, not at all, when left
     * out. belljar only.
     */
    compression?: Compression

    /** When calls of this connection are tried again. Never when left out. belljar only. */
    retryPolicy?: RetryPolicy
  }

  interface Params {
    /** How the requests of this call are packed. As the connection says when left out. belljar only. */
    compression?: Compression
  }

  /** How messages are packed on the wire, by gRPC's names. belljar only. */
  type Compression = 'gzip' | 'identity'

  /** The retry policy of gRPC's service config (gRFC A6). belljar only. */
  interface RetryPolicy {
    /** Attempts in all, the first one included: a whole number, 2 or more. More than 5 count as 5. */
    maxAttempts: number
    /** Wait before the first retry, give or take a fifth: a string such as `'100ms'`, or a number of milliseconds. */
    initialBackoff: string | number
    /** Longest wait of all: a string such as `'1s'`, or a number of milliseconds. */
    maxBackoff: string | number
    /** How many times as long as the one before each wait is; more than 0. */
    backoffMultiplier: number
    /** Statuses that are worth another attempt: names such as `'UNAVAILABLE'`, or the constants such as `StatusUnavailable`. */
    retryableStatusCodes: (string | number)[]
  }

  /**
   * A detail of an error: its type with the fields of its message, or with its bytes as base64 text in `value` where the
   * type is neither among the loaded files nor one of google/rpc/error_details.proto.
   */
  interface ErrorDetail {
    /** URL of the type, as `type.googleapis.com/google.rpc.RetryInfo`. */
    '@type': string
    [field: string]: unknown
  }

  interface Response {
    /**
     * All details of the error, on failed calls only. `JSON.stringify` and `Object.keys` do not show it. belljar only; in
     * k6, see `error.details`.
     */
    readonly errorDetails?: ErrorDetail[]
  }

  /** A protobuf message in its JSON form. Which fields there are, only the `.proto` file knows. */
  // biome-ignore lint/suspicious/noExplicitAny: the fields come from a file that TypeScript does not read
  type Message = any

  /** What a call gives: in @types/k6 all of it is `object`. */
  interface CallResponse extends Response {
    /** The message; an empty one when the call failed, null with `discardResponseMessage`. */
    message: Message
    /** Null when the status is OK. Empty when the type of one of its details is not among the loaded files. */
    error: GrpcError
    /** Names in lower case. */
    headers: Record<string, string[]>
    /** Names in lower case. */
    trailers: Record<string, string[]>
  }

  /** A method of a service, as `load()` tells of it. */
  interface MethodInfo {
    /** Empty when the file has none. */
    package: string
    /** Without its package. */
    service: string
    /** As calls name it: `/package.Service/Method`. */
    full_method: string
    name: string
    is_client_stream: boolean
    is_server_stream: boolean
  }

  interface HealthCheckResponse {
    /**
     * To be compared with `HealthCheckServing` and the like. k6's name for it: the `Status` of @types/k6 does not exist,
     * and the value is none of the strings of its type, but what the constants are.
     */
    status: HealthCheckStatus
  }

  interface Client {
    /** Opens a connection; throws when there is none within the timeout, 60 s when left out. */
    connect(address: string, params?: Omit<ConnectParams, 'tls'> & { tls?: Partial<TLSParams> }): true

    /**
     * Loads `.proto` files, in the init code only, and gives the methods of their services and of those they import.
     * Without import paths, files are looked for in the folder of the script.
     */
    load(importPaths: string[] | null | undefined, ...protoFiles: string[]): MethodInfo[]

    /** Loads a set of descriptors as `protoc --descriptor_set_out` writes it, in the init code only. */
    loadProtoset(protosetPath: string): MethodInfo[]

    /** Calls a method with one message and waits for its response, two minutes unless `timeout` says otherwise. */
    invoke(url: string, request: object, params?: Params): CallResponse

    /** Calls a method as `invoke()` does, and gives a promise of its response at once. */
    asyncInvoke(url: string, request: object, params?: Params): Promise<CallResponse>
  }

  /** What listeners of `error` get. It is no `Error`. */
  interface StreamError extends GrpcError {
    /** `code: 5, message: no such order` */
    error(): string
    /** The details, decoded. Not enumerable. belljar only. */
    readonly errorDetails?: ErrorDetail[]
  }

  /** How a stream ended. belljar only. */
  interface StreamStatus {
    /** To be compared with `StatusOK` and the like. */
    code: number
    /** Empty when the stream ended well. */
    message: string
    details: ErrorDetail[]
    /** Names in lower case. */
    headers: Record<string, string[]>
    /** Names in lower case. */
    trailers: Record<string, string[]>
  }

  interface Stream {
    /** Calls `listener` with each message, in order of arrival; with `discardResponseMessage` with `{}`. */
    on(event: 'data', listener: (message: Message, metadata: StreamMessageMetadata) => void): void

    /** Calls `listener` with the error of a stream that fails, before its `end`. */
    on(event: 'error', listener: (error: StreamError, metadata: StreamMessageMetadata) => void): void

    /** Calls `listener` with `{}`, once, when the stream is over. */
    on(event: 'end', listener: (nothing: object, metadata: StreamMessageMetadata) => void): void

    /** Takes a listener and never calls it, in k6 too. */
    on(event: 'status', listener: (...args: never[]) => void): void

    /** How the stream ended, once it has, after the listeners of `end`. It never rejects. belljar only. */
    readonly status: Promise<StreamStatus>
  }
}

/**
 * Compiled and never run: what scripts import here fits the types that scripts are written against, @types/k6 with what
 * types/ adds. Each line that leaves something out says why.
 */

import type * as k6 from 'k6'
import type * as crypto from 'k6/crypto'
import type * as data from 'k6/data'
import type * as encoding from 'k6/encoding'
import type * as execution from 'k6/execution'
import type * as csv from 'k6/experimental/csv'
import type * as fs from 'k6/experimental/fs'
import type * as streams from 'k6/experimental/streams'
import type * as http from 'k6/http'
import type * as metrics from 'k6/metrics'
import type * as grpc from 'k6/net/grpc'
import type secrets from 'k6/secrets'
import type * as timers from 'k6/timers'
import type { File as OurFile } from '../../modules/internal/file.js'
import type * as ourCrypto from '../../modules/k6/crypto.js'
import type * as ourData from '../../modules/k6/data.js'
import type * as ourEncoding from '../../modules/k6/encoding.js'
import type * as ourExecution from '../../modules/k6/execution.js'
import type * as ourCsv from '../../modules/k6/experimental/csv.js'
import type * as ourFs from '../../modules/k6/experimental/fs.js'
import type * as ourStreams from '../../modules/k6/experimental/streams.js'
import type * as ourHttp from '../../modules/k6/http.js'
import type * as ourK6 from '../../modules/k6/index.js'
import type * as ourMetrics from '../../modules/k6/metrics.js'
import type * as ourGrpc from '../../modules/k6/net/grpc.js'
import type ourSecrets from '../../modules/k6/secrets.js'
import type * as ourTimers from '../../modules/k6/timers.js'

/** Fails to compile when `Ours` cannot stand where a script expects `Theirs`. */
type Fits<Ours extends Theirs, Theirs> = Ours

/** What a script sees of an instance. The classes of @types/k6 have a protected brand that nothing else can have. */
type Public<T> = Pick<T, keyof T>

/** Constructors are functions here, as in k6, that look at `new.target`: TypeScript takes none of them for a class. */
type Made<T extends (...args: never[]) => unknown> = ReturnType<T>

// `default` of @types/k6 is the module itself, with a `default` in turn. In k6, and here, it has the other names only.
type Names<T> = Omit<T, 'default'>

export type K6 = Fits<typeof ourK6, Names<typeof k6>>
export type K6Default = Fits<typeof ourK6.default, Names<typeof k6>>

// Their class Hasher is there for its type; k6 exports none. Ours has hexEncode besides, which they forgot.
export type Crypto = Fits<
  typeof ourCrypto,
  Omit<Names<typeof crypto>, 'Hasher' | 'createHash' | 'createHMAC'> & {
    createHash(algorithm: crypto.Algorithm): Public<crypto.Hasher>
    createHMAC(algorithm: crypto.Algorithm, secret: string | ArrayBuffer): Public<crypto.Hasher>
  }
>
export type CryptoDefault = Fits<typeof ourCrypto.default, Omit<typeof ourCrypto, 'default'>>

export type Encoding = Fits<typeof ourEncoding, Names<typeof encoding>>
export type EncodingDefault = Fits<typeof ourEncoding.default, Names<typeof encoding>>

type Source = Public<ReturnType<typeof secrets.source>>
export type Secrets = Fits<typeof ourSecrets, { get: typeof secrets.get; source(name: string): Source }>
export type SecretNames = Fits<keyof typeof ourSecrets, keyof typeof secrets>

export type Timers = Fits<typeof ourTimers, Names<typeof timers>>
export type TimersDefault = Fits<typeof ourTimers.default, Names<typeof timers>>

// The class `Metric` of @types/k6 is there for its types; k6 exports none.
type MetricConstructors = Exclude<keyof Names<typeof metrics>, 'Metric'>
export type MetricNames = Fits<keyof Names<typeof ourMetrics>, MetricConstructors>
export type AllMetricNames = Fits<MetricConstructors, keyof Names<typeof ourMetrics>>
export type Counter = Fits<Made<typeof ourMetrics.Counter>, Public<metrics.Counter>>
export type Gauge = Fits<Made<typeof ourMetrics.Gauge>, Public<metrics.Gauge>>
export type Rate = Fits<Made<typeof ourMetrics.Rate>, Public<metrics.Rate>>
export type Trend = Fits<Made<typeof ourMetrics.Trend>, Public<metrics.Trend>>

// The other overload of @types/k6 turns an empty array into the type of an empty array.
type NewSharedArray = new <T>(name: string, callback: () => T[]) => T[]
export type DataNames = Fits<keyof typeof ourData.default, keyof Names<typeof data>>
export type SharedArray = Fits<typeof ourData.SharedArray, NewSharedArray>

// The class `File` of @types/k6 is there for its type: files come from open() alone. `read` gives null at the end, which
// @types/k6 tells in words only.
export type FsNames = Fits<keyof typeof ourFs.default, Exclude<keyof Names<typeof fs>, 'File'>>
export type AllFsNames = Fits<Exclude<keyof Names<typeof fs>, 'File'>, keyof typeof ourFs.default>
export type FsFile = Fits<OurFile, Omit<Public<fs.File>, 'read'>>
export type FsRead = Fits<OurFile['read'], (p: Uint8Array) => Promise<number | null>>
export type FsOpen = Fits<typeof ourFs.open, (path: string) => Promise<OurFile>>
export type FsSeekMode = Fits<typeof ourFs.SeekMode, Record<keyof typeof fs.SeekMode, number>>

// @types/k6 says that parse() gives the constructor of SharedArray; what it gives is one, an array.
export type CsvNames = Fits<keyof typeof ourCsv.default, keyof Names<typeof csv>>
export type AllCsvNames = Fits<keyof Names<typeof csv>, keyof typeof ourCsv.default>
export type CsvParse = Fits<
  typeof ourCsv.parse,
  (file: fs.File, options?: Partial<csv.Options>) => Promise<readonly unknown[]>
>
export type CsvParserArguments = Fits<
  typeof ourCsv.Parser,
  new (
    file: fs.File,
    options?: Partial<csv.Options>,
  ) => { next(): Promise<{ done: boolean; value: unknown }> }
>

export type StreamsNames = Fits<keyof typeof ourStreams.default, keyof typeof streams>
export type AllStreamsNames = Fits<keyof typeof streams, keyof typeof ourStreams.default>
export type Readable = Fits<InstanceType<typeof ourStreams.ReadableStream>, Public<streams.ReadableStream>>
export type ReadableReader = Fits<
  InstanceType<typeof ourStreams.ReadableStreamDefaultReader>,
  Public<streams.ReadableStreamDefaultReader>
>
export type Counting = Fits<InstanceType<typeof ourStreams.CountQueuingStrategy>, Public<streams.CountQueuingStrategy>>
export type NewReadable = Fits<
  typeof ourStreams.ReadableStream,
  new (
    source?: streams.UnderlyingSource,
    strategy?: streams.QueuingStrategy,
  ) => unknown
>

// The options come from the host as data that this half does not look at.
type Test = Omit<typeof execution.test, 'options'>
export type Execution = Fits<typeof ourExecution, Omit<Names<typeof execution>, 'test' | 'vu'>>
export type ExecutionDefault = Fits<typeof ourExecution.default, Omit<Names<typeof execution>, 'test' | 'vu'>>
export type ExecutionTest = Fits<typeof ourExecution.test, Test>
export type ExecutionVu = Fits<typeof ourExecution.vu, typeof execution.vu>

// The constants of a health check are strings in @types/k6; k6 has numbers, wrapped (docs/differences.md).
type Health = Extract<keyof typeof grpc, `HealthCheck${string}`>
type Classes = 'Client' | 'Stream'
export type Grpc = Fits<typeof ourGrpc, Omit<Names<typeof grpc>, Health | Classes>>
export type GrpcDefault = Fits<typeof ourGrpc.default, Omit<Names<typeof grpc>, Health | Classes>>
export type GrpcHealth = Fits<Pick<typeof ourGrpc, Health>, Record<Health, number>>
/** No name that scripts see without a type for it. */
export type GrpcNames = Fits<keyof typeof ourGrpc, keyof typeof grpc>

// k6 gives null where @types/k6 has `object`, and wants it: `message` when it is discarded, `error` when there is none.
type Response = Omit<grpc.CallResponse, 'error'> & { error: grpc.GrpcError | null }
export type GrpcResponse = Fits<ourGrpc.Response, Response>
export type GrpcMethodInfo = Fits<ourGrpc.MethodInfo, grpc.MethodInfo>

type OurClient = Made<typeof ourGrpc.Client>
type TheirClient = Public<grpc.Client>
// What gives a response or a health check is compared by what it gives, above.
type Answering = 'invoke' | 'asyncInvoke' | 'healthCheck'
export type GrpcClient = Fits<OurClient, Omit<TheirClient, Answering>>
export type GrpcInvoke = Fits<OurClient['invoke'], (...args: Parameters<TheirClient['invoke']>) => Response>
export type GrpcAsyncInvoke = Fits<
  OurClient['asyncInvoke'],
  (...args: Parameters<TheirClient['asyncInvoke']>) => Promise<Response>
>
// @types/k6 calls it `Status` and takes it for a string.
export type GrpcHealthCheck = Fits<OurClient['healthCheck'], (service?: string) => { status: number }>
export type GrpcClientNames = Fits<keyof OurClient, keyof TheirClient>

export type GrpcStream = Fits<Made<typeof ourGrpc.Stream>, Public<grpc.Stream>>

// What carries a brand of @types/k6, or is made of the type of a request, is compared by what it gives, below.
type Branded = 'CookieJar' | 'FileData' | 'cookieJar' | 'expectedStatuses' | 'file' | 'setResponseCallback' | 'url'
type HttpMethods = 'del' | 'get' | 'head' | 'options' | 'patch' | 'post' | 'put' | 'request'
type HttpNames = Names<typeof http>
export type Http = Fits<
  Omit<typeof ourHttp, 'batch' | 'asyncRequest' | HttpMethods>,
  Omit<HttpNames, 'batch' | 'asyncRequest' | HttpMethods | Branded>
>
export type HttpAllNames = Fits<Exclude<keyof HttpNames, 'FileData'>, keyof typeof ourHttp>
export type HttpNoOtherNames = Fits<Exclude<keyof typeof ourHttp, 'default'>, keyof HttpNames>
export type HttpDefaultNames = Fits<keyof typeof ourHttp.default, Exclude<keyof HttpNames, 'FileData'>>

// Names of protocols and cipher suites are lists in @types/k6; html() and its like throw here.
type TheirHttpResponse = Omit<
  http.Response,
  'proto' | 'tls_cipher_suite' | 'json' | 'html' | 'submitForm' | 'clickLink'
>
export type HttpResponse = Fits<ourHttp.Response, TheirHttpResponse>
export type HttpResponseNames = Fits<keyof http.Response, keyof ourHttp.Response>
type Takes<F extends (...args: never[]) => unknown> = (...args: Parameters<F>) => unknown
export type HttpMethodArguments = Fits<
  Pick<typeof ourHttp, HttpMethods>,
  { [K in HttpMethods]: Takes<(typeof http)[K]> }
>
export type HttpAsyncRequest = Fits<
  typeof ourHttp.asyncRequest,
  (...args: Parameters<typeof http.asyncRequest>) => Promise<TheirHttpResponse>
>
export type HttpCookieJar = Fits<Public<ourHttp.CookieJar>, Public<http.CookieJar>>
export type HttpFile = Fits<ReturnType<typeof ourHttp.file>, Public<http.FileData>>

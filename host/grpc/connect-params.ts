/**
 * The parameters of `client.connect()`, read from an untrusted value in k6's order and with k6's texts.
 * Pure: nothing is dialled and no certificate is looked at.
 */
import { AppError } from '../../errors.js'
import { GoSyntaxError } from '../../go/number.js'
import { goQuote } from '../../go/quote.js'
import { goSyntax } from '../../go/value-syntax.js'
import type { TlsParams } from '../net/tls.js'
import { CompressionError, readCompression } from './compression-param.js'
import { durationMsOf } from './duration-param.js'
import { MetadataError, readMetadata } from './metadata-params.js'
import { type RetryPolicy, RetryPolicyError, readRetryPolicy } from './retry-policy.js'
import type { Compression, LoadBalancing, Metadata } from './transport.js'

export interface ConnectParams {
  isPlaintext: boolean
  /** Negative: the dial fails at once. */
  timeoutMs: number
  usesReflection: boolean
  reflectMetadata: Metadata
  /** 0: the default of the transport. */
  maxReceiveBytes: number
  maxSendBytes: number
  tls?: TlsParams
  /** Empty: none. */
  authority: string
  /** For calls that do not say otherwise. */
  compression?: Compression
  retryPolicy?: RetryPolicy
  /** True: VUs of a thread that connect alike have one connection. k6 has no such parameter, nor the next one. */
  isShared: boolean
  loadBalancing: LoadBalancing
}

const defaultTimeoutMs = 60_000

/** Every parameter by the name that scripts give it; docs/grpc-reference.md has a row for each. */
export const connectParamNames = [
  'plaintext',
  'timeout',
  'reflect',
  'reflectMetadata',
  'maxReceiveSize',
  'maxSendSize',
  'tls',
  'authority',
  'compression',
  'connectionSharing',
  'loadBalancing',
  'retryPolicy',
] as const

type ConnectParamName = (typeof connectParamNames)[number]

/** @throws {AppError} `CONNECT_FAILED` with the text that k6 shows; the first bad key wins */
export function readConnectParams(value: unknown): ConnectParams {
  const params: ConnectParams = {
    isPlaintext: false,
    timeoutMs: defaultTimeoutMs,
    usesReflection: false,
    reflectMetadata: [],
    maxReceiveBytes: 0,
    maxSendBytes: 0,
    authority: '',
    isShared: false,
    loadBalancing: 'pick_first',
  }
  for (const [key, item] of entriesOf(value)) {
    // Whatever the key is: a case that is missing in the list of names does not compile.
    switch (key as ConnectParamName) {
      case 'plaintext':
        params.isPlaintext = readBoolean(key, item)
        break
      case 'timeout':
        params.timeoutMs = readTimeout(item)
        break
      case 'reflect':
        params.usesReflection = readBoolean(key, item)
        break
      case 'reflectMetadata':
        params.reflectMetadata = readReflectMetadata(item)
        break
      case 'maxReceiveSize':
        params.maxReceiveBytes = readSize(key, item)
        break
      case 'maxSendSize':
        params.maxSendBytes = readSize(key, item)
        break
      case 'tls':
        params.tls = readTls(item)
        break
      case 'authority':
        if (typeof item !== 'string')
          throw refuse(`invalid authority value: '${goSyntax(item)}', it needs to be a string`)
        params.authority = item
        break
      case 'compression':
        params.compression = readOwn(key, () => readCompression(item))
        break
      case 'retryPolicy':
        params.retryPolicy = readOwn(key, () => readRetryPolicy(item))
        break
      case 'connectionSharing':
        params.isShared = readBoolean(key, item)
        break
      case 'loadBalancing':
        params.loadBalancing = readLoadBalancing(item)
        break
      default:
        throw refuse(`unknown connect param: ${goQuote(key)}`)
    }
  }
  return params
}

/** What a loop over an object sees: a string has its indexes as keys, a number has none. */
export function entriesOf(value: unknown): [string, unknown][] {
  return value === undefined || value === null ? [] : Object.entries(value)
}

function readBoolean(key: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw refuse(`invalid ${key} value: '${goSyntax(value)}', it needs to be boolean`)
}

function readTimeout(value: unknown): number {
  try {
    return durationMsOf(value)
  } catch (e) {
    if (e instanceof GoSyntaxError) throw refuse(`invalid timeout value: ${e.message}`)
    throw e
  }
}

/** Reads a parameter that k6 does not have. */
function readOwn<T>(key: string, read: () => T): T {
  try {
    return read()
  } catch (e) {
    const isRefusal = e instanceof CompressionError || e instanceof RetryPolicyError
    throw isRefusal ? refuse(`invalid ${key} value: ${e.message}`) : e
  }
}

function readReflectMetadata(value: unknown): Metadata {
  try {
    return readMetadata(value)
  } catch (e) {
    if (e instanceof MetadataError) throw refuse(`invalid reflectMetadata param: ${e.message}`)
    throw e
  }
}

function readSize(key: string, value: unknown): number {
  // Larger numbers are no integers in k6's JavaScript engine.
  const isInteger = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= 2 ** 53
  if (!isInteger || Object.is(value, -0)) {
    throw refuse(`invalid ${key} value: '${goSyntax(value)}', it needs to be an integer`)
  }
  // k6 forgets the closing quote.
  if (value < 0) throw refuse(`invalid ${key} value: '${goSyntax(value)}, it needs to be a positive integer`)
  return value
}

function readLoadBalancing(value: unknown): LoadBalancing {
  if (value === 'pick_first' || value === 'round_robin') return value
  throw refuse(`invalid loadBalancing value: '${goSyntax(value)}', it needs to be "pick_first" or "round_robin"`)
}

function readTls(value: unknown): TlsParams {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    const keys = 'expected (optional) keys: cert, key, password, and cacerts'
    throw refuse(`invalid tls value: '${goSyntax(value)}', ${keys}`)
  }
  const given = new Map(Object.entries(value))
  const text = (key: string, need: string): string | undefined => {
    const item = given.get(key)
    if (!given.has(key) || typeof item === 'string') return item as string | undefined
    throw refuse(`invalid tls ${key} value: '${goSyntax(value)}', it needs to be ${need}`)
  }
  const tls: { -readonly [K in keyof TlsParams]: TlsParams[K] } = {}
  const cert = text('cert', 'a PEM formatted string')
  const key = text('key', 'a PEM formatted string')
  const password = text('password', 'a string')
  if (cert !== undefined) tls.cert = cert
  if (key !== undefined) tls.key = key
  if (password !== undefined) tls.password = password
  if (given.has('cacerts')) {
    const cacerts: unknown = given.get('cacerts')
    const all: unknown[] = Array.isArray(cacerts) ? cacerts : [cacerts]
    if (!all.every((item) => typeof item === 'string')) {
      const need = 'a string or an array of PEM formatted strings'
      throw refuse(`invalid tls cacerts value: '${goSyntax(value)}', it needs to be ${need}`)
    }
    tls.cacerts = all
  }
  return tls
}

function refuse(why: string): AppError {
  return new AppError('CONNECT_FAILED', `invalid grpc.connect() parameters: ${why}`)
}

/**
 * The parameter `retryPolicy` of `client.connect()`, which k6 does not have: which calls are made again and when, with the
 * names and rules of gRPC's service config (gRFC A6). Pure: nothing is waited for.
 */
import { GoSyntaxError } from '../../go/number.js'
import { goQuote } from '../../go/quote.js'
import { goSyntax } from '../../go/value-syntax.js'
import { durationMsOf } from './duration-param.js'
import { Status } from './status.js'
import type { CallStatus } from './transport.js'

export interface RetryPolicy {
  /** How often a call is tried in all, from 2 to 5. */
  readonly maxAttempts: number
  readonly initialBackoffMs: number
  readonly maxBackoffMs: number
  readonly backoffMultiplier: number
  /** Status codes; not OK. */
  readonly retryable: ReadonlySet<number>
}

/** Why a policy is refused; the caller puts its own words in front. */
export class RetryPolicyError extends Error {}

/** A6's bound: more counts as so many. */
const mostAttempts = 5

const keys = ['maxAttempts', 'initialBackoff', 'maxBackoff', 'backoffMultiplier', 'retryableStatusCodes']

/** @throws {RetryPolicyError} for the first key that is unknown, missing or wrong */
export function readRetryPolicy(value: unknown): RetryPolicy {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
    throw new RetryPolicyError(`'${goSyntax(value)}', it needs to be an object with the keys ${keys.join(', ')}`)
  }
  const given = new Map<string, unknown>(Object.entries(value))
  for (const key of given.keys()) {
    if (!keys.includes(key)) throw new RetryPolicyError(`unknown key ${goQuote(key)}, the keys are ${keys.join(', ')}`)
  }
  for (const key of keys) if (!given.has(key)) throw new RetryPolicyError(`${key} is missing`)
  return {
    maxAttempts: Math.min(readAttempts(given.get('maxAttempts')), mostAttempts),
    initialBackoffMs: readBackoff('initialBackoff', given.get('initialBackoff')),
    maxBackoffMs: readBackoff('maxBackoff', given.get('maxBackoff')),
    backoffMultiplier: readMultiplier(given.get('backoffMultiplier')),
    retryable: readStatuses(given.get('retryableStatusCodes')),
  }
}

function refuse(key: string, value: unknown, need: string): RetryPolicyError {
  return new RetryPolicyError(`${key} is '${goSyntax(value)}', it needs to be ${need}`)
}

function readAttempts(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value > 1) return value
  throw refuse('maxAttempts', value, 'an integer greater than 1')
}

function readBackoff(key: string, value: unknown): number {
  let ms: number
  try {
    ms = durationMsOf(value)
  } catch (e) {
    if (e instanceof GoSyntaxError) throw new RetryPolicyError(`${key}: ${e.message}`)
    throw e
  }
  if (ms > 0) return ms
  throw refuse(key, value, 'greater than 0')
}

function readMultiplier(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value
  throw refuse('backoffMultiplier', value, 'a number greater than 0')
}

/** The names of service configs, by their number. */
const statusNames = [
  ...['OK', 'CANCELLED', 'UNKNOWN', 'INVALID_ARGUMENT', 'DEADLINE_EXCEEDED', 'NOT_FOUND', 'ALREADY_EXISTS'],
  ...['PERMISSION_DENIED', 'RESOURCE_EXHAUSTED', 'FAILED_PRECONDITION', 'ABORTED', 'OUT_OF_RANGE', 'UNIMPLEMENTED'],
  ...['INTERNAL', 'UNAVAILABLE', 'DATA_LOSS', 'UNAUTHENTICATED'],
]

function readStatuses(value: unknown): Set<number> {
  const need = 'a list of at least one status code'
  if (!Array.isArray(value) || value.length === 0) throw refuse('retryableStatusCodes', value, need)
  return new Set(value.map(readStatus))
}

function readStatus(value: unknown): number {
  const status = typeof value === 'string' ? statusNames.indexOf(value.toUpperCase()) : value
  if (typeof status === 'number' && statusNames[status] !== undefined && status !== Status.ok) return status
  const need = 'the name or the number of a status other than OK, as "UNAVAILABLE" or 14'
  throw refuse('a member of retryableStatusCodes', value, need)
}

/** A6: pauses are longer or shorter by up to this part. */
const jitter = 0.2

/** Where a server says in how many milliseconds it wants the next attempt, or that it wants none. */
const pushbackKey = 'grpc-retry-pushback-ms'

/** Counts the attempts of one call, and decides after each whether there is another one. */
export class AttemptCount {
  readonly #policy: RetryPolicy
  readonly #random: () => number
  #made = 0
  /** Pauses that were as long as the policy, and not the server, said. */
  #backoffs = 0

  /** `random` gives numbers from 0 up to 1. */
  constructor(policy: RetryPolicy, random: () => number) {
    this.#policy = policy
    this.#random = random
  }

  get made(): number {
    return this.#made
  }

  /** One more attempt begins. */
  add(): void {
    this.#made++
  }

  /** Milliseconds until the next attempt may begin; undefined when `result`, without response headers, is the last word. */
  pauseMsAfter({ status, trailers, isUnsendable }: CallStatus): number | undefined {
    const { maxAttempts, initialBackoffMs, maxBackoffMs, backoffMultiplier, retryable } = this.#policy
    if (isUnsendable || !retryable.has(status) || this.#made >= maxAttempts) return undefined
    const pushback = trailers.get(pushbackKey)
    if (pushback !== undefined) {
      // After a pause of the server's the policy's pauses begin anew.
      this.#backoffs = 0
      return pushback.length === 1 ? pushbackMsOf(pushback[0] as string) : undefined
    }
    const meanMs = Math.min(initialBackoffMs * backoffMultiplier ** this.#backoffs++, maxBackoffMs)
    return meanMs * (1 + jitter * (2 * this.#random() - 1))
  }
}

/** Anything but a 32-bit number of milliseconds means that the server wants no further attempt. */
function pushbackMsOf(text: string): number | undefined {
  const ms = /^(?:0|[1-9]\d{0,9})$/.test(text) ? Number(text) : -1
  return ms >= 0 && ms <= 0x7fffffff ? ms : undefined
}

/** Trusted half of `k6/http`: every operation. Calls are made in http-call.ts. */
import { GuestError, guestErrorOf } from '../../runtime/guest-error.js'
import { defineHostModule, jsonOf, number, text } from '../../runtime/host-module.js'
import type { Crossing } from '../../runtime/js-value.js'
import { checkMetadata, checkRequestBytes, recordLimit } from '../call-limits.js'
import type { VuContext } from '../vu-context.js'
import { runBatch } from './batch.js'
import type { CookieOptions, HttpJar } from './cookie-jar.js'
import { performCall } from './http-call.js'
import { HttpFailure } from './http-failure.js'
import { type RequestSpec, readRequestSpec } from './request-spec.js'
import { failedResponse, type GuestResponse, guestResponse } from './response-json.js'
import { statusSetOf } from './status-set.js'
import { parseHttpTarget } from './url.js'

/** A call whose parameters were read. */
interface PreparedCall {
  readonly spec: RequestSpec
  readonly body: Uint8Array | undefined
  readonly tags: ReturnType<VuContext['tagSet']>
  readonly jar: HttpJar
}

/** @throws {GuestError} for wrong parameters */
function prepare(vu: VuContext, json: Crossing, body: Crossing, tagSet: Crossing): PreparedCall {
  const spec = readRequestSpec(json)
  checkMetadata(
    vu,
    [...spec.headers, ...spec.cookies.map(({ name, value }) => [name, value] as const)],
    'a set of headers',
  )
  // The jar as it is now: the script may have no use for it before the call ends, and the VU may have a new one by then.
  const bytes = bytesOf(body)
  if (bytes !== undefined) checkRequestBytes(vu, bytes.byteLength, 'the body')
  return { spec, body: bytes, tags: vu.tagSet(tagSet).withAll(spec.tags), jar: vu.http.jar(spec.jar) }
}

function bytesOf(body: Crossing): Uint8Array | undefined {
  if (body === undefined) return undefined
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  throw new GuestError('TypeError', 'a body must be text or bytes')
}

/** Makes a call; what fails is in the response, logged, or thrown where the script wants that. */
async function run(vu: VuContext, { spec, body, tags, jar }: PreparedCall): Promise<string> {
  vu.http.begin()
  const { signal } = vu.abort
  const settle = (given: GuestResponse, prefix: string) =>
    signal.aborted ? given.json : settled(vu, spec, given, prefix)

  let answer: GuestResponse
  try {
    const outcome = await performCall(vu, spec, body, tags, jar)
    answer = await guestResponse(vu, spec, outcome)
    if (answer.failure !== undefined) return settle(answer, `${goMethod(spec.method)} "${outcome.target.shown}": `)
  } catch (e) {
    if (!(e instanceof HttpFailure)) throw e
    answer = failedResponse(e)
    return settle(answer, '')
  } finally {
    vu.http.end()
  }
  return answer.json
}

/** Throws or logs a failure, as option and parameter say. */
function settled(vu: VuContext, spec: RequestSpec, { json, failure }: GuestResponse, prefix: string): string {
  const isTimeUp = failure?.code === 1050 && spec.timeoutMs > vu.services.limits.callMs
  const limit = isTimeUp ? 'callMs' : failure?.limit
  if (limit !== undefined) recordLimit(vu, limit, `${prefix}${failure?.short}`)
  const error = `${prefix}${failure?.message}${isTimeUp ? ' (limit callMs)' : ''}`
  if (spec.throws ?? vu.http.runtime.options.throws ?? false) throw new GuestError('GoError', error)
  vu.services.log({ level: 'warning', msg: 'Request Failed', fields: { error }, timeMs: vu.services.now() })
  return json
}

/** Go's client begins its errors with the method as a word: `Get "http://…"`. */
function goMethod(method: string): string {
  return method === '' ? 'Get' : `${method[0]}${method.slice(1).toLowerCase()}`
}

function hostOf(url: string): string {
  try {
    return parseHttpTarget(url).hostName
  } catch {
    return ''
  }
}

/** The URL of a cookie. @throws {GuestError} */
function cookieUrl(value: Crossing): string {
  try {
    const { isTls, authority, path } = parseHttpTarget(text(value, 'url'))
    return `${isTls ? 'https' : 'http'}://${authority}${path}`
  } catch (e) {
    throw e instanceof HttpFailure ? new GuestError('GoError', e.message) : e
  }
}

/** @throws {GuestError} for a date that is none */
function cookieOptions(json: Crossing): CookieOptions {
  const options = jsonOf(json, 'options')
  const given: Record<string, unknown> = typeof options === 'object' && options !== null ? { ...options } : {}
  const expires = typeof given.expires === 'string' && given.expires !== '' ? Date.parse(given.expires) : undefined
  if (Number.isNaN(expires)) {
    throw new GuestError('GoError', `unable to parse "expires" date string "${String(given.expires).slice(0, 100)}"`)
  }
  return {
    ...(typeof given.domain === 'string' ? { domain: given.domain } : {}),
    ...(typeof given.path === 'string' ? { path: given.path } : {}),
    ...(expires === undefined ? {} : { expiresMs: expires }),
    ...(typeof given.max_age === 'number' ? { maxAge: given.max_age } : {}),
    isSecure: given.secure === true,
    isHttpOnly: given.http_only === true,
  }
}

const maxBatch = 1000

export const http = defineHostModule<VuContext>('http', {
  request: (vu, json, body, tagSet) => run(vu, prepare(vu, json, body, tagSet)),

  startRequest(vu, task, json, body, tagSet) {
    const id = number(task, 'task')
    const call = prepare(vu, json, body, tagSet)
    vu.tasks.begin(id, () => {})
    run(vu, call).then(
      (answer) => vu.tasks.postValue(id, answer, vu.services.limits.memoryBytes),
      (e: unknown) => {
        const shown = guestErrorOf(e)
        if (shown === undefined) vu.services.onInternalError(e)
        vu.tasks.post(id, 'error', shown?.message ?? 'internal error', true)
      },
    )
    return undefined
  },

  /** Takes one request of a batch; `batch` runs what was taken. */
  addToBatch(vu, json, body, tagSet) {
    const calls = batches.get(vu) ?? []
    if (calls.length >= maxBatch) {
      batches.delete(vu)
      throw new GuestError('GoError', `a batch may have ${maxBatch} requests`)
    }
    calls.push(prepare(vu, json, body, tagSet))
    batches.set(vu, calls)
    return undefined
  },

  /** A request of the batch could not be read: forgets the others. */
  dropBatch(vu) {
    batches.delete(vu)
    return undefined
  },

  async batch(vu) {
    const calls = batches.get(vu) ?? []
    batches.delete(vu)
    const { batch, batchPerHost } = vu.http.runtime.options
    const jobs = calls.map((call) => ({ host: hostOf(call.spec.url), run: () => run(vu, call) }))
    return `[${(await runBatch(jobs, batch, batchPerHost)).join(',')}]`
  },

  takeBody: (vu, id) => vu.http.takeBody(id),

  setExpected(vu, json) {
    vu.http.expected = json === undefined ? null : statusSetOf(jsonOf(json, 'statuses'))
    return undefined
  },

  newJar: (vu) => vu.http.addJar(),

  freeJar(vu, id) {
    vu.http.freeJar(id)
    return undefined
  },

  async setCookie(vu, jar, url, name, value, options) {
    await vu.http.jar(jar).set(cookieUrl(url), text(name, 'name'), text(value, 'value'), cookieOptions(options))
    return undefined
  },

  /** JSON of the names and values of the cookies for a URL. */
  async cookies(vu, jar, url) {
    return JSON.stringify(await vu.http.jar(jar).cookiesFor(cookieUrl(url)))
  },

  async removeCookies(vu, jar, url, name) {
    await vu.http.jar(jar).remove(cookieUrl(url), name === undefined ? undefined : text(name, 'name'))
    return undefined
  },
})

/** The requests that a VU has handed in for its next batch. */
const batches = new WeakMap<VuContext, PreparedCall[]>()

/** How a script's arguments become what the host half of `k6/http` takes: JSON text of the request, and its body. */
import { safeText } from './describe-error.js'
import { GoError } from './go-error.js'
import { CookieJar } from './http-cookies.js'
import { bufferOf, bytesOf, formOf } from './http-form.js'
import {
  defineProperty,
  isArray,
  isNaNNumber,
  keys,
  stringifyJson,
  stringToLowerCase,
  stringToUpperCase,
  toNumber,
  toText,
} from './primordials.js'
import { tagsFrom, tagsJson } from './vu.js'

/** What `http.url` gives: a URL, and the name that its requests go by. */
export class HttpUrl {
  readonly url: string
  readonly name: string
  readonly #isOurs = true

  constructor(url: string, name: string) {
    this.url = url
    this.name = name
  }

  static is(value: unknown): value is HttpUrl {
    return typeof value === 'object' && value !== null && #isOurs in value && value.#isOurs
  }

  toString(): string {
    return this.url
  }
}

/** What `http.expectedStatuses` gives. */
export class ExpectedStatuses {
  readonly #json: string

  constructor(ranges: string) {
    this.#json = ranges
  }

  /** JSON of the ranges; undefined for what is none of these. */
  static jsonOf(value: unknown): string | undefined {
    return typeof value === 'object' && value !== null && #json in value ? value.#json : undefined
  }
}

/** `http.expectedStatuses(200, { min: 300, max: 399 })`. @throws {GoError} with k6's text */
export function expectedStatusesOf(args: unknown[]): ExpectedStatuses {
  if (args.length === 0) throw new GoError('no arguments')
  let json = ''
  for (let i = 0; i < args.length; i++) {
    const item = args[i]
    const range = typeof item === 'object' && item !== null ? (item as { min?: unknown; max?: unknown }) : undefined
    const min = range === undefined ? item : range.min
    const max = range === undefined ? item : range.max
    if (!isWhole(min) || !isWhole(max)) {
      throw new GoError(
        `argument number ${i + 1} to expectedStatuses was neither an integer nor a an object like {min:100, max:329}`,
      )
    }
    json += `${i > 0 ? ',' : ''}[${min},${max}]`
  }
  return new ExpectedStatuses(`[${json}]`)
}

const isWhole = (value: unknown): value is number => typeof value === 'number' && value % 1 === 0

/** A request as it crosses. */
export interface CrossingRequest {
  spec: string
  body: string | ArrayBuffer | undefined
}

/** @throws {GoError} for arguments that no request can be made of */
export function requestOf(method: unknown, url: unknown, body: unknown, params: unknown): CrossingRequest {
  const verb = stringToUpperCase(toText(method))
  let json = `{"method":${stringifyJson(verb)}`
  if (HttpUrl.is(url)) json += `,"url":${stringifyJson(url.url)},"urlName":${stringifyJson(url.name)}`
  else json += `,"url":${stringifyJson(toText(url))}`
  const read = bodyOf(body)
  const given = typeof params === 'object' && params !== null ? (params as Record<string, unknown>) : {}
  json += `${paramsOf(given, read.contentType)}}`
  return { spec: json, body: read.body }
}

function bodyOf(body: unknown): { body: string | ArrayBuffer | undefined; contentType?: string } {
  if (body === undefined || body === null) return { body: undefined }
  if (typeof body === 'string') return { body }
  const bytes = bytesOf(body)
  if (bytes !== undefined) return { body: bufferOf(bytes) }
  if (typeof body === 'object') return formOf(body)
  throw new GoError(`unknown request body type ${typeof body}`)
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

function paramsOf(params: Record<string, unknown>, contentType: string | undefined): string {
  let json = headersOf(params.headers, contentType)
  if (isGiven(params.cookies)) json += cookiesOf(params.cookies as object)
  if (isGiven(params.tags)) json += `,"tags":${tagsJson(tagsFrom(params.tags))}`
  if (isGiven(params.timeout)) json += `,"timeout":${timeoutOf(params.timeout)}`
  if (isGiven(params.redirects)) json += `,"redirects":${numberOf(params.redirects, 'redirects')}`
  if (isGiven(params.responseType)) json += `,"responseType":${stringifyJson(toText(params.responseType))}`
  if (isGiven(params.auth) && params.auth !== '') json += `,"auth":${stringifyJson(toText(params.auth))}`
  if (isGiven(params.compression) && params.compression !== '') {
    json += `,"compression":${stringifyJson(toText(params.compression))}`
  }
  const jar = CookieJar.idOf(params.jar)
  if (jar !== undefined) json += `,"jar":${jar}`
  if (isGiven(params.throw)) json += `,"throws":${!!params.throw}`
  const { responseCallback } = params
  if (responseCallback === null) json += ',"expected":null'
  else if (responseCallback !== undefined) {
    const statuses = ExpectedStatuses.jsonOf(responseCallback)
    if (statuses === undefined) throw new GoError('unsupported responseCallback')
    json += `,"expected":${statuses}`
  }
  return json
}

function headersOf(headers: unknown, contentType: string | undefined): string {
  let list = ''
  let hasType = false
  if (typeof headers === 'object' && headers !== null) {
    const names = keys(headers)
    for (let i = 0; i < names.length; i++) {
      const name = names[i]!
      if (stringToLowerCase(name) === 'content-type') hasType = true
      const value = toText((headers as Record<string, unknown>)[name])
      list += `${list === '' ? '' : ','}[${stringifyJson(name)},${stringifyJson(value)}]`
    }
  }
  if (contentType !== undefined && !hasType) {
    list += `${list === '' ? '' : ','}["Content-Type",${stringifyJson(contentType)}]`
  }
  return `,"headers":[${list}]`
}

function cookiesOf(cookies: object): string {
  let list = ''
  const names = keys(cookies)
  for (let i = 0; i < names.length; i++) {
    const given = (cookies as Record<string, unknown>)[names[i]!]
    const isObject = typeof given === 'object' && given !== null
    const value = isObject ? (given as { value?: unknown }).value : given
    const replaces = isObject && !!(given as { replace?: unknown }).replace
    list += `${list === '' ? '' : ','}[${stringifyJson(names[i])},${stringifyJson(toText(value ?? ''))},${replaces}]`
  }
  return `,"cookies":[${list}]`
}

function timeoutOf(value: unknown): string {
  if (typeof value === 'number') return numberOf(value, 'timeout')
  if (typeof value === 'string') return stringifyJson(value)!
  throw new GoError(`invalid timeout value: unable to use '${safeText(value)}' as a duration value`)
}

function numberOf(value: unknown, name: string): string {
  const number = toNumber(value)
  if (isNaNNumber(number) || number === Infinity || number === -Infinity) {
    throw new GoError(`invalid ${name} value: '${safeText(value)}' is not a finite number`)
  }
  return `${number}`
}

/** The arguments of one request of a batch: a URL alone, a list, or an object with names. @throws {GoError} */
export function batchItemOf(item: unknown): CrossingRequest {
  if (typeof item !== 'object' || item === null || HttpUrl.is(item)) {
    if (item === null || item === undefined) throw new GoError(`invalid URL value '${safeText(item)}'`)
    return requestOf('GET', item, undefined, undefined)
  }
  if (isArray(item)) return requestOf(item[0], item[1], item[2], item[3])
  const { method, url, body, params } = item as Record<string, unknown>
  if (!isGiven(url)) throw new GoError('batch request has no url key')
  return requestOf(isGiven(method) ? method : 'GET', url, body, params)
}

/** Under the names of `requests`, what the host answered in their order. */
export function namedLike<T>(requests: object, answers: T[]): T[] | Record<string, T> {
  if (isArray(requests)) return answers
  const names = keys(requests)
  const named = {} as Record<string, T>
  for (let i = 0; i < names.length; i++) {
    const value = answers[i]!
    defineProperty(named, names[i]!, { value, enumerable: true, writable: true, configurable: true })
  }
  return named
}

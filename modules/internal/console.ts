/** The `console` of k6: five levels, and k6's own way of printing values. */
import { ops } from './bridge.js'
import { isError, safeText } from './describe-error.js'
import {
  arrayBufferByteLength,
  arrayJoin,
  arrayPush,
  dateToIso,
  isArray,
  isArrayBuffer,
  keys,
  mapDelete,
  mapGet,
  mapSet,
  NativeMap,
  NativeUint8Array,
  numberToString,
  objectToString,
  toText,
  typedArrayName,
} from './primordials.js'
import { callerFrames } from './rehearsal.js'
import { vu } from './vu.js'

const host = ops<{ log(level: string, text: string): undefined }>('console', ['log'])

function hex(buffer: ArrayBuffer): string {
  const bytes = new NativeUint8Array(buffer)
  const parts: string[] = []
  for (let i = 0; i < bytes.length; i++) {
    const digits = numberToString(bytes[i]!, 16)
    arrayPush(parts, digits.length === 1 ? `0${digits}` : digits)
  }
  return arrayJoin(parts, ' ')
}

function formatObject(value: object, open: Map<object, true>): string {
  if (mapGet(open, value)) return '[Circular]'
  if (isError(value)) return safeText(value)
  const typed = typedArrayName(value)
  mapSet(open, value, true)
  try {
    if (typed !== undefined || isArray(value)) {
      const list = value as ArrayLike<unknown>
      const items: string[] = []
      for (let i = 0; i < list.length; i++) arrayPush(items, formatNested(list[i], open))
      const body = items.length === 0 ? '[]' : `[ ${arrayJoin(items, ', ')} ]`
      return typed === undefined ? body : `${typed}(${list.length}) ${body}`
    }
    if (isArrayBuffer(value)) {
      return `ArrayBuffer { [Uint8Contents]: <${hex(value)}>, byteLength: ${arrayBufferByteLength(value)} }`
    }
    if (objectToString(value) === '[object Date]') return `"${dateToIso(value)}"`
    const names = keys(value)
    const items: string[] = []
    for (let i = 0; i < names.length; i++) {
      arrayPush(items, `${names[i]}: ${formatNested((value as Record<string, unknown>)[names[i]!], open)}`)
    }
    return items.length === 0 ? '{}' : `{ ${arrayJoin(items, ', ')} }`
  } finally {
    mapDelete(open, value)
  }
}

function formatNested(value: unknown, open: Map<object, true>): string {
  switch (typeof value) {
    case 'string':
      return `"${value}"`
    case 'undefined':
      return 'null'
  }
  return format(value, open)
}

function format(value: unknown, open: Map<object, true>): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'symbol':
      return value.description ?? ''
    case 'function':
      return '[object Function]'
    case 'object':
      return value === null ? 'null' : formatObject(value, open)
  }
  return toText(value)
}

function log(level: string, values: unknown[]): void {
  const parts: string[] = []
  for (let i = 0; i < values.length; i++) arrayPush(parts, format(values[i], new NativeMap()))
  host.log(level, arrayJoin(parts, ' '))
}

export const console = {
  debug: (...values: unknown[]) => log('debug', values),
  error: (...values: unknown[]) => log('error', values),
  info: (...values: unknown[]) => log('info', values),
  log: (...values: unknown[]) => log('info', values),
  warn: (...values: unknown[]) => log('warning', values),
}

/** A warning of the runner itself, which goes to the log without being console output, or is a finding of a check. */
export const warn = (text: string, fields: Record<string, string> = {}): void => {
  const frames = vu.isRehearsal ? callerFrames() : ''
  if (frames !== '') {
    rehearsal.warned(text, frames)
    return
  }
  hostLog.warn(text, formatFields(fields))
}

const rehearsal = ops<{ warned(text: string, frames: string): undefined }>('rehearsal', ['warned'])
const hostLog = ops<{ warn(text: string, fields: string): undefined }>('console', ['warn'])
const formatFields = (fields: Record<string, string>): string => {
  const pairs: string[] = []
  const names = keys(fields)
  for (let i = 0; i < names.length; i++) arrayPush(pairs, `${names[i]}\n${fields[names[i]!]}`)
  return arrayJoin(pairs, '\n')
}

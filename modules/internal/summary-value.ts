/** What handleSummary may return: texts and buffers by path. */

import { GoError } from './go-error.js'
import { base64 } from './go-json.js'
import {
  arrayJoin,
  arrayPush,
  isArray,
  isArrayBuffer,
  isInteger,
  keys,
  NativeUint8Array,
  stringifyJson,
} from './primordials.js'

/** Go's name of the type that a value has there. */
function goType(value: unknown): string {
  switch (typeof value) {
    case 'number':
      return isInteger(value) ? 'int64' : 'float64'
    case 'boolean':
      return 'bool'
    case 'undefined':
      return '<nil>'
    case 'function':
      return 'func(sobek.FunctionCall) sobek.Value'
  }
  if (value === null) return '<nil>'
  return isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}

/** JSON list of [path, encoding, content], after `=`; undefined for a function that returned nothing. */
export function encodeSummary(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'object' || isArray(value) || isArrayBuffer(value)) {
    throw new GoError('handleSummary() should return a map with string keys')
  }
  const names = keys(value)
  const entries: string[] = []
  for (let i = 0; i < names.length; i++) {
    const path = names[i]!
    const content = (value as Record<string, unknown>)[path]
    if (typeof content === 'string') arrayPush(entries, `[${stringifyJson(path)},"text",${stringifyJson(content)}]`)
    else if (isArrayBuffer(content)) {
      arrayPush(entries, `[${stringifyJson(path)},"base64","${base64(new NativeUint8Array(content))}"]`)
    } else {
      throw new GoError(
        `error handling summary object ${path}: invalid type ${goType(content)}, it needs to be a string or ArrayBuffer`,
      )
    }
  }
  return `=[${arrayJoin(entries, ',')}]`
}

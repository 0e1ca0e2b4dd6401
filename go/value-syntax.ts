/**
 * Values and their types as Go's fmt prints them (%#v and %T), for error texts that must read as k6's do.
 * Pure functions over plain values.
 */
import { goQuote } from './quote.js'

/** Nesting that is still printed; deeper values become "...", so that no value can exhaust the stack. */
const depthLimit = 32

/** The value as Go's %#v prints what k6's JavaScript engine exports. */
export function goSyntax(value: unknown, depth = 0): string {
  if (value === undefined || value === null) return '<nil>'
  if (typeof value === 'string') return goQuote(value)
  if (typeof value === 'number') return goNumber(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'function') return '(func(goja.FunctionCall) goja.Value)'
  if (depth >= depthLimit) return '...'
  if (value instanceof Uint8Array) return `[]byte{${Array.from(value, (b) => `0x${b.toString(16)}`).join(', ')}}`
  if (Array.isArray(value)) return `[]interface {}{${value.map((item) => nested(item, depth)).join(', ')}}`
  // Go prints maps sorted by key.
  const entries = Object.entries(value as object).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  return `map[string]interface {}{${entries.map(([k, v]) => `${goQuote(k)}:${nested(v, depth)}`).join(', ')}}`
}

/** Inside a list or map Go names the type of nil. */
function nested(value: unknown, depth: number): string {
  return value === undefined || value === null ? 'interface {}(nil)' : goSyntax(value, depth + 1)
}

function goNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  if (Object.is(value, -0)) return '-0'
  // An integer in k6's JavaScript engine; larger ones are floats there.
  if (Number.isInteger(value) && Math.abs(value) <= 2 ** 53) return BigInt(value).toString()
  // Go takes to exponents earlier than JavaScript.
  const text = value.toExponential()
  const exponent = Number(text.slice(text.indexOf('e') + 1))
  return exponent < -4 || exponent >= 6 ? text.replace(/e([+-])(\d)$/, 'e$10$2') : String(value)
}

/** Go's %T of what k6's JavaScript engine exports. */
export function goTypeName(value: unknown): string {
  if (value === undefined || value === null) return '<nil>'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return 'float64'
  if (typeof value === 'bigint') return '*big.Int'
  if (typeof value === 'function') return 'func(goja.FunctionCall) goja.Value'
  if (value instanceof Uint8Array) return '[]uint8'
  return Array.isArray(value) ? '[]interface {}' : 'map[string]interface {}'
}

/**
 * The selectors of `response.json()`: the part of GJSON's path syntax that docs/http.md lists, over parsed JSON. What else
 * GJSON has is refused by name, so that no selector silently finds nothing.
 */
import { GoError } from './go-error.js'
import {
  arrayPush,
  hasOwn,
  isArray,
  isNaNNumber,
  keys,
  parseJson,
  regexpExec,
  stringIncludes,
  stringSlice,
  stringStartsWith,
  toNumber,
  toText,
} from './primordials.js'

/** One piece of a path. */
type Part =
  | { kind: 'key'; key: string; hasWildcards: boolean }
  | { kind: 'all' }
  | { kind: 'query'; key: string; operator: string; value: unknown; wantsAll: boolean }

const maxParts = 100

/** What the selector finds, or undefined. @throws {GoError} for syntax that is not supported */
export function select(root: unknown, selector: string): unknown {
  return at(root, partsOf(selector), 0)
}

function unsupported(selector: string, what: string): GoError {
  return new GoError(
    `response.json(): the selector "${stringSlice(selector, 0, 200)}" has ${what}, which is not supported`,
  )
}

function partsOf(selector: string): Part[] {
  const parts: Part[] = []
  let i = 0
  while (i < selector.length) {
    if (parts.length >= maxParts) throw unsupported(selector, `more than ${maxParts} parts`)
    const first = selector[i]!
    if (first === '@') throw unsupported(selector, 'a modifier')
    if (first === '{' || first === '[') throw unsupported(selector, 'a multipath')
    if (first === '!') throw unsupported(selector, 'a literal')
    if (first === '.') throw unsupported(selector, i === 0 ? 'a leading dot' : 'an empty part')
    if (first === '#' && selector[i + 1] === '(') {
      const query = queryAt(selector, i)
      arrayPush(parts, query.part)
      i = query.end
    } else {
      let key = ''
      let hasWildcards = false
      let hasEscapes = false
      for (; i < selector.length && selector[i] !== '.'; i++) {
        const character = selector[i]!
        if (character === '|') throw unsupported(selector, 'a pipe')
        if (character === '\\') {
          hasEscapes = true
          i++
          key += selector[i] ?? ''
          continue
        }
        if (character === '*' || character === '?') hasWildcards = true
        key += character
      }
      if (hasWildcards && hasEscapes) throw unsupported(selector, 'wildcards beside escapes in one part')
      arrayPush(parts, key === '#' && !hasEscapes ? { kind: 'all' } : { kind: 'key', key, hasWildcards })
    }
    if (i < selector.length) {
      if (selector[i] === '|') throw unsupported(selector, 'a pipe')
      i++
      if (i === selector.length) throw unsupported(selector, 'a dot at its end')
    }
  }
  return parts
}

const queryForm = /^\s*((?:\\.|[^\\=!<>%()\s])*)\s*(?:(==|=|!=|<=|>=|<|>|%|!%)\s*(.*?))?\s*$/

function queryAt(selector: string, from: number): { part: Part; end: number } {
  let end = from + 2
  let isQuoted = false
  for (; end < selector.length; end++) {
    const character = selector[end]
    if (character === '\\') end++
    else if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted && character === '(') throw unsupported(selector, 'a query inside a query')
    else if (!isQuoted && character === ')') break
  }
  if (end >= selector.length) throw unsupported(selector, 'a query without an end')
  const found = regexpExec(queryForm, stringSlice(selector, from + 2, end))
  if (found === null) throw unsupported(selector, 'a query that cannot be read')
  const key = found[1] ?? ''
  if (stringIncludes(key, '#')) throw unsupported(selector, 'a query inside a query')
  let value: unknown
  const operator = found[2] === '=' ? '==' : (found[2] ?? '')
  if (operator !== '') {
    const text = found[3] ?? ''
    if (stringStartsWith(text, '~')) throw unsupported(selector, 'a comparison with ~')
    try {
      value = parseJson(text)
    } catch {
      value = text
    }
  }
  const wantsAll = selector[end + 1] === '#'
  return { part: { kind: 'query', key, operator, value, wantsAll }, end: end + (wantsAll ? 2 : 1) }
}

function at(value: unknown, parts: Part[], index: number): unknown {
  if (index === parts.length) return value
  if (typeof value !== 'object' || value === null) return undefined
  const part = parts[index]!
  switch (part.kind) {
    case 'key': {
      const name = part.hasWildcards ? matching(value, part.key) : part.key
      if (name === undefined || !hasOwn(value, name)) return undefined
      if (isArray(value) && regexpExec(/^\d+$/, name) === null) return undefined
      return at((value as Record<string, unknown>)[name], parts, index + 1)
    }
    case 'all':
      if (!isArray(value)) return undefined
      return index + 1 === parts.length ? value.length : each(value, parts, index + 1)
    case 'query': {
      if (!isArray(value)) return undefined
      const found: unknown[] = []
      for (let i = 0; i < value.length; i++) {
        if (!matches(value[i], part.key, part.operator, part.value)) continue
        if (!part.wantsAll) return at(value[i], parts, index + 1)
        arrayPush(found, value[i])
      }
      if (!part.wantsAll) return undefined
      return index + 1 === parts.length ? found : each(found, parts, index + 1)
    }
  }
}

/** The rest of the path for each item; those without are left out. */
function each(items: unknown[], parts: Part[], index: number): unknown[] {
  const found: unknown[] = []
  for (let i = 0; i < items.length; i++) {
    const value = at(items[i], parts, index)
    if (value !== undefined) arrayPush(found, value)
  }
  return found
}

function matching(value: object, pattern: string): string | undefined {
  const names = isArray(value) ? [] : keys(value)
  for (let i = 0; i < names.length; i++) if (isLike(names[i]!, pattern)) return names[i]
  return undefined
}

function matches(item: unknown, key: string, operator: string, wanted: unknown): boolean {
  let value = item
  if (key !== '') {
    value = at(item, partsOf(key), 0)
    if (value === undefined) return false
  }
  switch (operator) {
    case '':
      return value !== undefined
    case '==':
      return value === wanted
    case '!=':
      return value !== wanted
    case '%':
      return typeof value === 'string' && isLike(value, toText(wanted))
    case '!%':
      return typeof value === 'string' && !isLike(value, toText(wanted))
  }
  if (typeof value === 'string' && typeof wanted === 'string') return isOrdered(value, operator, wanted)
  if (typeof value !== 'number' || typeof wanted !== 'number') return false
  return !isNaNNumber(toNumber(value)) && isOrdered(value, operator, wanted)
}

function isOrdered<T extends string | number>(a: T, operator: string, b: T): boolean {
  if (operator === '<') return a < b
  if (operator === '<=') return a <= b
  return operator === '>' ? a > b : a >= b
}

/** Patterns of `*` and `?`, in time that is at most the product of both lengths. */
function isLike(text: string, pattern: string): boolean {
  let i = 0
  let j = 0
  let star = -1
  let from = 0
  while (i < text.length) {
    if (j < pattern.length && pattern[j] === '*') {
      star = j++
      from = i
    } else if (j < pattern.length && (pattern[j] === '?' || pattern[j] === text[i])) {
      i++
      j++
    } else if (star >= 0) {
      j = star + 1
      i = ++from
    } else return false
  }
  while (j < pattern.length && pattern[j] === '*') j++
  return j === pattern.length
}

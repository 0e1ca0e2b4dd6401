/**
 * TypeScript without a build step: types are stripped file by file and never checked, as k6 does. The same parser tells
 * what is wrong with a file that the engine refuses.
 *
 * That parser is native and recursive: how much of the thread's stack it needs grows with the text, and a text that needs
 * more ends the process. The worst that was found takes 300 to 500 bytes of stack for each letter, so the letters are
 * limited by the size of the stack (`typeScriptLetters`).
 */
import { AppError } from '../errors.js'

type Parser = typeof import('oxc-transform')

let loading: Promise<void> | undefined
let parser!: Parser

/** Loads the parser, which a script in JavaScript does without. Must have settled before any of what follows is called. */
export function parserReady(): Promise<void> {
  loading ??= import('oxc-transform').then((found) => {
    parser = found
  })
  return loading
}

/** How long a TypeScript file may be in a thread that runs VMs with this limit: its stack is 512 times as large. */
export const typeScriptLetters = (stackBytes: number): number => stackBytes

export interface Stripped {
  code: string
  /** A source map, as JSON: from the places in `code` to those in the file. */
  map: string
}

/**
 * JavaScript of a TypeScript file.
 *
 * @throws {AppError} SCRIPT_EXCEPTION for a syntax error, with its place; LIMIT_SIZE for a file that is nested too deeply
 */
export function stripTypes(url: string, source: string, maxLetters: number): Stripped {
  if (source.length > maxLetters) {
    throw new AppError('LIMIT_SIZE', `${url} has ${source.length} letters; TypeScript may have ${maxLetters}`, {
      hint: 'make JavaScript of it beforehand',
    })
  }
  if (hasCostlyLines(source)) {
    throw new AppError('LIMIT_SIZE', `${url} has too much in one line to be read as TypeScript`, {
      hint: 'break its lines, or make JavaScript of it beforehand',
    })
  }
  if (!isBounded(source)) {
    throw new AppError('LIMIT_SIZE', `${url} is nested too deeply to be read as TypeScript (${maxDepth} levels)`)
  }
  const { code, map, errors } = parser.transformSync('module.ts', source, {
    sourceType: 'module',
    lang: 'ts',
    sourcemap: true,
  })
  if (errors.length > 0) throw new AppError('SCRIPT_EXCEPTION', `${url}: ${firstError(source, errors)}`)
  return { code, map: JSON.stringify({ version: 3, sources: [url], names: [], mappings: map?.mappings ?? '' }) }
}

/** True for a text that is JavaScript already, as far as its syntax goes, or that only a program can have written. */
export function isJavaScript(source: string, maxLetters: number): boolean {
  // No person writes such lines, and what writes them writes JavaScript. If not, the engine says so.
  if (hasCostlyLines(source)) return true
  return (
    source.length <= maxLetters &&
    isBounded(source) &&
    parser.transformSync('module.js', source, { sourceType: 'module', lang: 'js' }).errors.length === 0
  )
}

/** What is wrong with a JavaScript file, in k6's form `Line 1:36 Unexpected token ;`. Undefined when nothing is found. */
export function syntaxErrorText(source: string, isEsModule: boolean): string | undefined {
  if (source.length > maxExplainedLetters || hasCostlyLines(source) || !isBounded(source)) return undefined
  const sourceType = isEsModule ? 'module' : 'commonjs'
  const { errors } = parser.transformSync('module.js', source, { sourceType, lang: 'js' })
  return errors.length === 0 ? undefined : firstError(source, errors)
}

interface ParseError {
  message: string
  labels: readonly { start: number }[]
}

function firstError(source: string, errors: readonly ParseError[]): string {
  const [first] = errors as readonly [ParseError]
  const bytes = Buffer.from(source)
  // The parser counts bytes, and people count letters.
  const at = Math.min(first.labels[0]?.start ?? 0, bytes.length)
  const before = bytes.subarray(0, at).toString('utf8').split('\n')
  const place = `${before.length}:${before[before.length - 1]!.length + 1}`
  const token = /^(?:[\p{ID_Continue}$]+|\S)/u.exec(bytes.subarray(at, at + 200).toString('utf8'))?.[0]
  const text = first.message === 'Unexpected token' ? `Unexpected token ${token ?? 'end of input'}` : first.message
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more errors)` : ''
  return `Line ${place} ${text}${more}`
}

/** The engine has refused the text already: a better explanation may not take long. */
const maxExplainedLetters = 64 * 1024
const maxDepth = 1000
/** Letters of indentation that the printed text may have. */
const maxIndentation = 64 * 1024 * 1024
const maxNamespaceParts = 50

/** Tokens of a line times its letters, over all lines. */
const maxLineCost = 50_000_000
/** Lines up to this length cost next to nothing, whatever is in them. */
const shortLine = 4000

/** Of the flags of a regular expression, each letter may be an error. Text in base64 has slashes, but hardly such words after them. */
const manyFlags = /\/(?:[a-z]{9,}|[A-Za-z]{32,}|[\w$]{128,})/g

/**
 * True for a text with much in a line. The parser shows the whole line with each error in it: 24 KB of `let a;` in one line
 * took 10 s, and twice as much takes four times as long.
 */
function hasCostlyLines(source: string): boolean {
  let cost = 0
  for (let from = 0; from < source.length; ) {
    const found = source.indexOf('\n', from)
    const end = found < 0 ? source.length : found
    const length = end - from
    if (length > shortLine) {
      cost += length * (source.slice(from, end).match(/[\w$]+|[^\s\w$]/g)?.length ?? 0)
      for (const [flags] of source.slice(from, end).matchAll(manyFlags)) cost += length * flags.length
      if (cost > maxLineCost) return true
    }
    from = end + 1
  }
  return false
}

/**
 * How many `if` may be the body of what stands before them: printed, each is indented by all those around it. What ends a
 * statement may stand in a comment, so an `if` counts unless it follows the end of something, with no comment in between.
 */
function bodyIfs(source: string): number {
  let count = 0
  for (const { index } of source.matchAll(/\bif\b/g)) {
    let at = index - 1
    while (at >= 0 && /\s/.test(source[at]!)) at--
    const before = source.slice(Math.max(0, at - 5), at + 1)
    const endsSomething = /[{};]$|[\w$'"`\]]$/.test(before) && !/\b(?:do|else)$/.test(before)
    // The line before is looked at by one `if` alone, or this would be quadratic.
    const isFirst = source.slice(at + 1, index).includes('\n')
    if (!endsSomething || (isFirst && source.slice(source.lastIndexOf('\n', at) + 1, at + 1).includes('//'))) count++
  }
  return count
}

/**
 * False for a text whose printed form would be out of proportion: each statement is indented by its depth, so depth times
 * statements is what a few kilobytes of braces turn into gigabytes with. Brackets in strings count as well.
 */
function isBounded(source: string): boolean {
  if (new RegExp(`\\b(?:namespace|module)\\s+[\\w$]+(?:\\s*\\.\\s*[\\w$]+){${maxNamespaceParts}}`).test(source))
    return false
  // Of the worst kind, all `if` are inside of each other, with all that follows inside of them.
  const branches = bodyIfs(source)
  if (branches * separatorsIn(source) > maxIndentation) return false
  let depth = 0
  let cost = 0
  for (let i = 0; i < source.length; i++) {
    switch (source[i]) {
      case '{':
      case '(':
      case '[':
        depth++
        if (depth > maxDepth) return false
        cost += depth
        break
      case '}':
      case ')':
      case ']':
        if (depth > 0) depth--
        cost += depth
        break
      case ';':
      case ',':
      case '\n':
        cost += depth
        break
    }
    if (cost > maxIndentation) return false
  }
  return true
}

/** Places where a statement may begin or end. */
function separatorsIn(source: string): number {
  return source.match(/[{}()[\];,\n]/g)?.length ?? 0
}

/** Reads a policy from a file of YAML or JSON. What it means is the business of policy-input.ts. */
import { basename, dirname, resolve } from 'node:path'
import type { LineCounter, parseDocument } from 'yaml'
import { AppError, isAppError } from '../errors.js'
import { requirePackage } from '../package-root.js'
import { readRegularFile } from './files.js'
import type { Policy, ProfileName } from './policy.js'
import { policyFrom } from './policy-input.js'

const maxBytes = 256 * 1024
/** A policy has three levels; what is far deeper would only be there to exhaust the parser. */
const maxDepth = 20
const maxAliases = 20

const yaml = () => requirePackage('yaml') as typeof import('yaml')

/**
 * The policy in a file. Its relative folders begin at the folder of the file.
 *
 * @param profile stronger than the file's own
 * @throws {AppError} POLICY_INVALID, with the name of the file and the line, or the path of the mistake
 */
export function readPolicyFile(path: string, profile?: ProfileName): Policy {
  try {
    const file = resolve(path)
    const input = parsePolicyText(textOf(file))
    return policyFrom(input, { baseFolder: dirname(file), ...(profile === undefined ? {} : { profile }) })
  } catch (e) {
    if (!isAppError(e)) throw e
    throw new AppError('POLICY_INVALID', `${basename(path)}: ${e.message}`, {
      ...(e.hint === undefined ? {} : { hint: e.hint }),
      details: { file: path, ...e.details },
    })
  }
}

function textOf(file: string): string {
  const bytes = readRegularFile(file, { maxFileBytes: maxBytes })
  if (bytes === undefined) throw invalid('there is no such policy file')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw invalid('the policy file is not UTF-8 text')
  }
}

/** Plain data out of YAML 1.2, of which JSON is a part. @throws {AppError} POLICY_INVALID, with line and column */
export function parsePolicyText(text: string): unknown {
  if (isDeep(text)) throw invalid(`it is nested more than ${maxDepth} levels deep`)
  const lines = new (yaml().LineCounter)()
  const document = parsed(text, lines)
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem !== undefined) {
    const reason = problem.code === 'MULTIPLE_DOCS' ? 'a policy is one document' : problem.message.slice(0, 300)
    throw invalidAt(lines, problem.pos[0], reason)
  }
  refuseDoubleKeys(document, lines)
  try {
    return document.toJS({ maxAliasCount: maxAliases })
  } catch {
    throw invalid(`it has more than ${maxAliases} aliases, or one without an anchor`)
  }
}

function parsed(text: string, lineCounter: LineCounter): ReturnType<typeof parseDocument> {
  try {
    // The parser's own check for double keys compares each with each.
    const checks = { strict: true, uniqueKeys: false, prettyErrors: false } as const
    return yaml().parseDocument(text, { schema: 'core', version: '1.2', lineCounter, ...checks })
  } catch {
    throw invalid('it cannot be read as YAML')
  }
}

function refuseDoubleKeys(document: ReturnType<typeof parseDocument>, lines: LineCounter): void {
  const { isScalar, visit } = yaml()
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) throw invalid('a key is not a text')
        if (seen.has(String(key.value)))
          throw invalidAt(lines, key.range?.[0] ?? 0, `the key ${String(key.value).slice(0, 60)} is there twice`)
        seen.add(String(key.value))
      }
    },
  })
}

/**
 * Whether brackets or indentation go deeper than `maxDepth`. Parsers call themselves for each level, and their stack ends
 * somewhere. Counts those in texts and comments too, which no policy has so many of.
 */
function isDeep(text: string): boolean {
  let depth = 0
  for (const letter of text) {
    if (letter === '[' || letter === '{') depth++
    else if (letter === ']' || letter === '}') depth--
    if (depth > maxDepth) return true
  }
  return / {200}|\t{200}|(?:[-?:][ \t]+){20}/.test(text)
}

const invalid = (reason: string): AppError => new AppError('POLICY_INVALID', reason)

function invalidAt(lines: LineCounter, offset: number, reason: string): AppError {
  const { line, col } = lines.linePos(offset)
  return invalid(`line ${line}, column ${col}: ${reason.trim()}`)
}

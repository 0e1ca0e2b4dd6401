/** What a fuzz target is, and what counts as a clean refusal. Knows no target and starts nothing. */
import type { Arbitrary } from 'fast-check'
import { type AppError, isAppError } from '../errors.js'
import { packageRoot } from '../package-root.js'
import { GuestError } from '../runtime/guest-error.js'

/** One boundary, seen as a function of bytes. */
export interface FuzzTarget {
  /** Small inputs to begin with, right and wrong ones. */
  seeds(): Uint8Array[]
  /** Inputs by a grammar. Bytes alone seldom get past the first check of a parser. */
  readonly structured?: Arbitrary<Uint8Array>
  /** Words of the grammar, which changes of bytes put in. */
  readonly words?: readonly string[]
  /**
   * Tries one input. Whatever it throws is a finding: a promise of docs/fuzzing.md that is broken.
   *
   * @returns what became of the input, in a few words: an input with a new answer is kept, to be changed further
   */
  run(bytes: Uint8Array): string | Promise<string>
}

type ErrorClass = abstract new (...args: never[]) => Error

/** Texts of V8, of Node and of their stacks: an error that has one was not made for people. */
const rawText =
  /Cannot (read|set|convert|destructure)|is not (a function|iterable|a constructor)|Maximum call stack|Invalid (array|string) length|\bERR_[A-Z]|node:internal|\n {4}at .*[:)]\d/

/**
 * The answer for an input that was refused as it should be: by an error of ours, or of one of the given classes, whose text
 * is meant for a person and in proportion to the input.
 *
 * @throws the error, when it is none
 */
export function refusal(e: unknown, input: Uint8Array, ...others: readonly ErrorClass[]): string {
  const isOurs = (isAppError(e) && e.code !== 'INTERNAL') || e instanceof GuestError
  if (!isOurs && !others.some((kind) => e instanceof kind)) throw e
  const { message } = e as Error
  assertClean(message, input)
  return shapeOf(`${(e as AppError).code ?? (e as Error).name} ${message}`)
}

/** @throws {Error} for a text that shows the inside of the program, or is out of proportion */
export function assertClean(text: string, input: Uint8Array): void {
  const raw = rawText.exec(text)
  // What stands in the input may stand in the text.
  if (raw !== null && !Buffer.from(input).toString().includes(raw[0].trim())) {
    throw new Error(`the text shows the inside of the program: ${text.slice(0, 1000)}`)
  }
  if (text.includes(packageRoot) && !Buffer.from(input).includes(packageRoot)) {
    throw new Error(`the text has a path of the program: ${text.slice(0, 1000)}`)
  }
  // Escapes make at most six letters of one.
  const most = 16_384 + 6 * input.byteLength
  if (text.length > most) throw new Error(`${input.byteLength} bytes led to a text of ${text.length} letters`)
}

/** A text without what changes from input to input. */
function shapeOf(text: string): string {
  return text
    .slice(0, 300)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '""')
    .replace(/\d+/g, '0')
    .slice(0, 80)
}

export const bytesOf = (text: string): Uint8Array => Buffer.from(text)
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

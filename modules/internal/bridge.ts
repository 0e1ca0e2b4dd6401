/**
 * The only door to the host: one native function over primitives, taken from the global object before any script runs
 * and never shown to one. What the host refuses becomes an error of the script here.
 */
import { GoError } from './go-error.js'
import {
  createObject,
  defineProperty,
  NativeError,
  NativeRangeError,
  NativeSyntaxError,
  NativeTypeError,
  parseJson,
} from './primordials.js'

export type Crossing = string | number | boolean | undefined | ArrayBuffer

type Native = (operation: number, ...args: unknown[]) => unknown

// The same numbers as in runtime/vm.ts.
const operationNumber = 0
const takeError = 1
const registerEntry = 2
const compileFile = 3
const importOwn = 5

const holder = globalThis as unknown as { __belljar?: Native }
const native = holder.__belljar!
delete holder.__belljar

/** Throws what the host refused with. When the host wants the script to end, nothing is thrown and nothing returns. */
export function raise(): never {
  const text = native(takeError) as string
  if (text === '') {
    // The engine's interrupt cannot be caught, but it comes only at the engine's next poll: wait for it. The call is what
    // keeps the bundler from dropping the loop.
    for (;;) native(takeError)
  }
  const told = parseJson(text) as [string, string]
  const name = told[0]
  const message = told[1]
  switch (name) {
    case 'GoError':
      throw new GoError(message)
    case 'TypeError':
      throw new NativeTypeError(message)
    case 'RangeError':
      throw new NativeRangeError(message)
    case 'SyntaxError':
      throw new NativeSyntaxError(message)
  }
  throw defineProperty(new NativeError(message), 'name', { value: name, writable: true, configurable: true })
}

/** The number of an operation. Throws when the host has none of that name. */
export function operationOf(module: string, name: string): number {
  const number = native(operationNumber, `${module}.${name}`)
  if (typeof number !== 'number') throw new NativeError(`the host has no operation ${module}.${name}`)
  return number
}

/** Calls an operation by its number, with no function in between. Answers null for an error, which `raise` then throws. */
export const cross: Native = native

/**
 * The operations of a host module, by name. An operation returns what the host returned; whether the VM slept in
 * between cannot be seen from here. Throws at once when the host has no such operation.
 */
export function ops<T extends Record<keyof T, (...args: never[]) => Crossing>>(
  module: string,
  wanted: (keyof T & string)[],
): T {
  const found = createObject(null) as Record<string, unknown>
  for (let i = 0; i < wanted.length; i++) {
    const number = operationOf(module, wanted[i]!)
    found[wanted[i]!] = (a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown, g?: unknown) => {
      const result = native(number, a, b, c, d, e, f, g)
      return result === null ? raise() : result
    }
  }
  return found as T
}

/**
 * The operation that says whether an entry may take the next of several things in turn: the time in ms since 1970 if so. If not it has
 * to end, as something comes first (promise jobs, say), and there will be another entry.
 */
export const nextItem = 4

/** The function `(module, exports, require) => …` around a CommonJS file, compiled under the file's own name. */
export const compile = (url: string): unknown => native(compileFile, url) ?? raise()

/** The namespace of the module of ours with that name. Compiled and evaluated now, unless it has been before. */
export const importModule = (name: string): unknown => native(importOwn, name) ?? raise()

/**
 * Names a function that the host may call. It calls that very function: each one that is under way when a script waits makes
 * the waiting dearer.
 */
export function onEntry(name: string, fn: (...args: never[]) => Crossing): void {
  if (native(registerEntry, name, fn) === null) raise()
}

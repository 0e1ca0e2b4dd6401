/** Errors of the web platform, which scripts tell apart by their names. */
import { defineProperty, NativeError, NativeSyntaxError, NativeTypeError } from './primordials.js'

/** An error of that name: a TypeError or SyntaxError of the language, else an Error that is called so. */
export function errorOfName(name: string, message: string): Error {
  if (name === 'TypeError') return new NativeTypeError(message)
  if (name === 'SyntaxError') return new NativeSyntaxError(message)
  return defineProperty(new NativeError(message), 'name', { value: name, writable: true, configurable: true })
}

/** Tells async functions from others: k6 refuses them where it would not wait for them. */
import { getPrototypeOf } from './primordials.js'

/** The prototype of async functions. */
export const asyncFunctionPrototype = getPrototypeOf(async () => {}) as object

export const isAsyncFunction = (value: unknown): boolean =>
  typeof value === 'function' && getPrototypeOf(value) === asyncFunctionPrototype

/** What guest modules need when the script is checked and not run (`belljar check`): places in the script, and values made up. */
import { framesOf, isError, safeText } from './describe-error.js'
import { NativeError, NativeSymbol, newProxy } from './primordials.js'

/** The stack of the script here. */
export const callerFrames = (): string => framesOf(new NativeError())

/** The stack that came with a thrown value, or that of here. */
export function framesOfThrown(thrown: unknown): string {
  const frames = isError(thrown) ? framesOf(thrown) : ''
  return frames === '' ? callerFrames() : frames
}

/** What a thrown value says, without the name of its class. */
export const reasonOf = (thrown: unknown): string =>
  isError(thrown) && typeof thrown.message === 'string' ? thrown.message : safeText(thrown)

const { toPrimitive, iterator } = NativeSymbol

/** A value of which nothing is known: it has every property, can be called, and is text or a number where one is needed. */
export function anything(): unknown {
  const value: unknown = newProxy(() => undefined, {
    get(_target, key) {
      if (key === toPrimitive) return (hint: string) => (hint === 'number' ? 1 : 'anything')
      if (key === 'toJSON') return () => 'anything'
      if (key === iterator) return () => ({ next: () => ({ done: true, value: undefined }) })
      // It is no promise: an await would never end.
      return key === 'then' ? undefined : value
    },
    apply: () => value,
    construct: () => value as object,
    has: () => true,
    set: () => true,
  })
  return value
}

/**
 * Whether the script has ever asked for `Symbol`. Looking through each request for symbols would take as long as writing its
 * JSON, and hardly any script has one to put there.
 */
import { defineProperty, NativeSymbol } from './primordials.js'

/**
 * False while no value of the script can be a symbol, but for those that Reflect.ownKeys, Object.getOwnPropertySymbols or the
 * trap of a Proxy hands out.
 */
export let maySymbolsExist = true

/** Notes the first use of the global `Symbol`, which is an ordinary one again from then on. */
export function watchSymbol(): void {
  const settle = (value: unknown) => {
    maySymbolsExist = true
    defineProperty(globalThis, 'Symbol', { value, writable: true, configurable: true, enumerable: false })
    return value
  }
  maySymbolsExist = false
  defineProperty(globalThis, 'Symbol', { get: () => settle(NativeSymbol), set: settle, configurable: true })
}

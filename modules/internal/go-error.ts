/** The class of error that k6's native functions throw: `e.name` and `e.constructor.name` are `GoError`. */
import { defineProperty, NativeError } from './primordials.js'

export class GoError extends NativeError {
  declare readonly value: object

  constructor(message?: string) {
    super()
    // k6's stacks begin with the error itself, QuickJS's do not. The order is that of k6's own properties.
    const text = message ?? ''
    defineProperty(this, 'stack', { value: `GoError: ${text}\n${this.stack}`, writable: true, configurable: true })
    defineProperty(this, 'message', { value: text, writable: true, configurable: true })
    // Own and enumerable as in k6, where JSON.stringify of such an error is {"value":{}}.
    defineProperty(this, 'value', { value: {}, enumerable: true, writable: true, configurable: true })
  }
}

defineProperty(GoError.prototype, 'name', { value: 'GoError', writable: true, configurable: true })

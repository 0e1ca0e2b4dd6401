/**
 * Takes from a thread what makes code out of text: `eval`, and the constructors of functions. V8 has a flag for that, but what
 * Node.js keeps compiled of itself is no good under another flag than it was compiled with, and a thread takes twice as long
 * to start.
 */

const text = 'Code generation from strings disallowed for this thread'

/** One of each kind of function: only these lead to the constructors of async functions and generators. */
const kinds = [() => {}, async () => {}, function* () {}, async function* () {}]

/**
 * To be called before any other code of the thread runs, as nobody may have kept what is taken away. From then on `eval` and
 * the constructors of functions throw an EvalError.
 */
export function forbidCodeGeneration(): void {
  // The process of a script that is not trusted has V8's flag, and intrinsics that nobody can change.
  if (isForbidden()) return
  for (const kind of kinds) {
    const prototype = Object.getPrototypeOf(kind)
    // As these may be called with `new`, it is no arrow.
    function refusing() {
      throw new EvalError(text)
    }
    Object.defineProperty(refusing, 'name', { value: prototype.constructor.name })
    // What asks whether something is a function goes on to be answered.
    Object.defineProperty(refusing, 'prototype', { value: prototype, writable: false })
    replace(prototype, 'constructor', refusing)
  }
  replace(globalThis, 'Function', Function.prototype.constructor)
  replace(globalThis, 'eval', () => {
    throw new EvalError(text)
  })
  if (!isForbidden()) throw new Error('belljar: this thread can turn strings into code')
}

const replace = (target: object, name: string, value: unknown) =>
  Object.defineProperty(target, name, { value, writable: true, enumerable: false, configurable: false })

function isForbidden(): boolean {
  try {
    // biome-ignore lint/security/noGlobalEval: it is here to fail
    // biome-ignore lint/complexity/noCommaOperator: an indirect eval, which sees no variables of ours
    ;(0, eval)('1')
  } catch (e) {
    return e instanceof EvalError
  }
  return false
}

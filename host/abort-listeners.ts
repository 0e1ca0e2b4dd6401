/**
 * Who is told when a signal fires. One listener of a signal stands for all of them: most signals here never fire, and to add and
 * remove a listener of an AbortSignal takes microseconds for each call.
 */
import { leaveUncaught } from './uncaught.js'

export interface Abortable {
  /** May not throw. */
  onAbort(): void
}

const waiting = new WeakMap<AbortSignal, Set<Abortable>>()

/** Has `one` told once when the signal fires, which it has not yet. */
export function onAbort(signal: AbortSignal, one: Abortable): void {
  let all = waiting.get(signal)
  if (all === undefined) {
    const told = new Set<Abortable>()
    all = told
    waiting.set(signal, told)
    const tell = () => {
      for (const each of told) {
        try {
          each.onAbort()
        } catch (e) {
          // The others have to know as well.
          leaveUncaught(e)
        }
      }
      told.clear()
    }
    signal.addEventListener('abort', tell, { once: true })
  }
  all.add(one)
}

/** `one` is not told any more. */
export function offAbort(signal: AbortSignal, one: Abortable): void {
  waiting.get(signal)?.delete(one)
}

/**
 * Who is told when a signal fires. One listener of a signal stands for all of them: most signals here never fire, and to add and
 * remove a listener of an AbortSignal takes microseconds for each call.
 */
import { Roster, type Seat } from './roster.js'
import { leaveUncaught } from './uncaught.js'

export interface Abortable {
  /** May not throw. */
  onAbort(): void
}

const waiting = new WeakMap<AbortSignal, Roster<Abortable>>()

/** Has `one` told once when the signal fires, which it has not yet, unless it has left by then. */
export function onAbort(signal: AbortSignal, one: Abortable): Seat<Abortable> {
  let all = waiting.get(signal)
  if (all === undefined) {
    const told = new Roster<Abortable>()
    all = told
    waiting.set(signal, told)
    const tell = () => {
      for (let each = told.shift(); each !== undefined; each = told.shift()) {
        try {
          each.onAbort()
        } catch (e) {
          // The others have to know as well.
          leaveUncaught(e)
        }
      }
    }
    signal.addEventListener('abort', tell, { once: true })
  }
  return all.add(one)
}

/**
 * Things of the host that live as long as the guest's object for them: hashes, keys. The engine counts references, so a weak
 * one knows at once that its object is gone; its finalizers come with a garbage collection, which may be never.
 */
import { arrayPush, max, min, NativeWeakRef, weakRefTarget } from './primordials.js'

const leastSweep = 256
const mostBetween = 1000

/** A function that ties a number of the host to an object: `free` gets it when the object is gone, at one of the next calls. */
export function handleOwner(free: (id: number) => void): (owner: object, id: number) => void {
  let held: { owner: WeakRef<object>; id: number }[] = []
  let sweepAt = leastSweep
  const sweep = () => {
    const live: typeof held = []
    for (let i = 0; i < held.length; i++) {
      const handle = held[i]!
      if (weakRefTarget(handle.owner) === undefined) free(handle.id)
      else arrayPush(live, handle)
    }
    held = live
    // Twice as many as live keeps the work in proportion; no more than so many in between keeps the host's room free.
    sweepAt = max(leastSweep, live.length + min(live.length, mostBetween))
  }
  return (owner, id) => {
    if (held.length >= sweepAt) sweep()
    arrayPush(held, { owner: new NativeWeakRef(owner), id })
  }
}

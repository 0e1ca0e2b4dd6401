/** Errors that nobody may hold up others for, and nobody may lose either. */

/** Ends the thread with `e`, as an error does that nobody catches, when what is under way is done. */
export function leaveUncaught(e: unknown): void {
  queueMicrotask(() => {
    throw e
  })
}

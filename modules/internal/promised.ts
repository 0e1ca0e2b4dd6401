/** Promises of what is known at once: where k6 has a promise, and belljar nothing to wait for. */
import { NativePromise } from './primordials.js'

/** A promise of what `run` returns, rejected with what it throws. */
export function promised<T>(run: () => T): Promise<T> {
  return new NativePromise<T>((resolve, reject) => {
    try {
      resolve(run())
    } catch (e) {
      reject(e)
    }
  })
}

/** Makes an input smaller that still leads to the same finding. */

const maxTries = 500

/** @param isSame tells whether an input leads to the same finding */
export async function shrink(input: Uint8Array, isSame: (input: Uint8Array) => Promise<boolean>): Promise<Uint8Array> {
  let best = Buffer.from(input)
  let tries = 0
  for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.length && tries < maxTries; ) {
      const smaller = Buffer.concat([best.subarray(0, at), best.subarray(at + size)])
      tries++
      if (await isSame(smaller)) best = smaller
      else at += size
    }
  }
  return best
}

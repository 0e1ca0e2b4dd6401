/**
 * The order of names in what people read: that of the English alphabet, as `localeCompare` has it. Names of metrics need no
 * collation of Unicode, and loading that takes as long as the rest of a summary.
 */

const plain = /^[a-z0-9_]*$/

/** Below 0 when `a` comes first. */
export function compareNames(a: string, b: string): number {
  if (!plain.test(a) || !plain.test(b)) return a.localeCompare(b, 'en')
  // In the alphabet an underscore comes before digits and letters, as a space does in ASCII.
  const [first, second] = [a.replaceAll('_', ' '), b.replaceAll('_', ' ')]
  return first < second ? -1 : first > second ? 1 : 0
}

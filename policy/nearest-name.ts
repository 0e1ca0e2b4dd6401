/** Finds what somebody meant who misspelt a name. */

const longestName = 100
/** Letters that may be wrong, in a long name. */
const mostSteps = 3

/** The one of `names` that `wanted` most likely stands for; undefined when none is like it. */
export function nearestName(wanted: string, names: Iterable<string>): string | undefined {
  if (wanted.length > longestName) return undefined
  let nearest: string | undefined
  let least = Math.min(mostSteps, Math.max(1, Math.floor(wanted.length / 3))) + 1
  for (const name of names) {
    if (name.length > longestName) continue
    const steps = plain(name) === plain(wanted) ? 0 : distance(wanted, name)
    if (steps < least) {
      least = steps
      nearest = name
    }
  }
  return nearest
}

/** A hint for a misspelt name, to be spread into a finding. */
export function meant(wanted: string, names: Iterable<string>): { hint?: string } {
  const name = nearestName(wanted, names)
  return name === undefined ? {} : { hint: `did you mean ${name}?` }
}

/** user_id, userId and USERID are the same word. */
const plain = (name: string): string => name.replaceAll('_', '').toLowerCase()

/** How many letters must be added, dropped, replaced, or swapped with their neighbour: optimal string alignment. */
function distance(a: string, b: string): number {
  let before: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1]
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (isSame ? 0 : 1))
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwap) row[j] = Math.min(row[j]!, before[j - 2]! + 1)
    }
    before = last
    last = row
  }
  return last[b.length]!
}

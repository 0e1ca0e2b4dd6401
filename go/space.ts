/** White space as Go's strings package sees it. */

// Not what trim() takes away: that knows U+FEFF and not U+0085.
const space = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

/** `text` without the white space at both ends: Go's strings.TrimSpace. */
export function goTrimSpace(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && space.test(text[start]!)) start++
  while (end > start && space.test(text[end - 1]!)) end--
  return text.slice(start, end)
}

/** What a check finds: one thing that an author wants to know, and where in the script it is. Plain data. */

/** Errors are what would fail in a run; warnings are what most likely is not meant; notices say what was not looked at. */
export type FindingSeverity = 'error' | 'warning' | 'notice'

/** A place in a file of the script. */
export interface Place {
  /** A URL. */
  readonly file: string
  /** From 1. */
  readonly line: number
  readonly column: number
}

/** Texts hold what a script said: clean them before they go anywhere. */
export interface Finding {
  readonly severity: FindingSeverity
  readonly text: string
  /** What the author can do. */
  readonly hint?: string
  /** Where it happened, as far as that is known. */
  readonly place?: Place
  /** What was being rehearsed: `setup()`, `scenario "default"` …; absent for options and init code. */
  readonly during?: string
}

const mostText = 4096

/** A text of a finding, cut to a length that people read. */
export const findingText = (text: string): string => (text.length > mostText ? `${text.slice(0, mostText)}…` : text)

/** The topmost place in frames as the guest half writes them; undefined when none is in a file of the script. */
export function placeOf(frames: string): Place | undefined {
  const match = /(file:\/\/[^\n]*?):(\d{1,9}):(\d{1,9})\)?(?:\n|$)/.exec(frames.slice(0, mostText))
  if (match === null) return undefined
  return { file: match[1]!, line: Number(match[2]), column: Number(match[3]) }
}

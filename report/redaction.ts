/**
 * Keeps secrets out of the log: every text of every line goes through here before it is cut or formatted. Finds a secret as
 * it is, as it looks once it was escaped, and what is left of it where a text was cut on its way here.
 */
import { goQuote } from '../go/quote.js'
import { cleanText } from './clean-text.js'

/** What stands in the log instead, as in k6. */
export const redacted = '***SECRET_REDACTED***'

/** What cuts a text on its way to the log leaves this. */
const cutMark = '…'
/** So few letters of a secret at a cut tell nothing, and stand in many a text. */
const leastPart = 4
/** Cuts of one text that are looked at: ours leave one or two. */
const mostCuts = 8

export class Redactor {
  readonly #secrets = new Set<string>()
  readonly #known = new Set<string>()
  /** All forms of all secrets, the longest first: one may be a part of another. */
  readonly #forms: string[] = []

  /** From now on `secret` is not shown. The empty text is no secret. */
  add(secret: string): void {
    if (secret === '' || this.#secrets.has(secret)) return
    this.#secrets.add(secret)
    for (const form of formsOf(secret)) {
      if (this.#known.has(form)) continue
      this.#known.add(form)
      this.#forms.splice(this.#placeFor(form), 0, form)
    }
  }

  /** By halving: there may be thousands, and sorting them all for each new one would take seconds. */
  #placeFor(form: string): number {
    let low = 0
    let high = this.#forms.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#forms[middle]!.length >= form.length) low = middle + 1
      else high = middle
    }
    return low
  }

  redact(text: string): string {
    if (this.#forms.length === 0) return text
    // What stands between secrets: what replaces one must not be searched for the next.
    let between = [text]
    for (const form of this.#forms) {
      if (text.includes(form)) between = between.flatMap((part) => part.split(form))
    }
    if (text.includes(cutMark)) between = between.flatMap((part) => this.#withoutCutSecrets(part))
    return between.join(redacted)
  }

  /** The text around beginnings of secrets before a cut and ends of secrets after one. */
  #withoutCutSecrets(text: string): string[] {
    const around: string[] = []
    let from = 0
    let at = text.indexOf(cutMark)
    for (let cuts = 0; at >= 0 && cuts < mostCuts; cuts++) {
      const before = this.#longest((form) => beginningBefore(form, text, from, at))
      if (before > 0) {
        around.push(text.slice(from, at - before))
        from = at
      }
      const after = this.#longest((form) => endAfter(form, text, at + cutMark.length))
      if (after > 0) {
        around.push(text.slice(from, at + cutMark.length))
        from = at + cutMark.length + after
      }
      at = text.indexOf(cutMark, Math.max(from, at + cutMark.length))
    }
    around.push(text.slice(from))
    return around
  }

  #longest(lengthOf: (form: string) => number): number {
    return this.#forms.reduce((most, form) => Math.max(most, lengthOf(form)), 0)
  }
}

/** How much of the beginning of `form` the text from `from` to `at` ends with. */
function beginningBefore(form: string, text: string, from: number, at: number): number {
  for (let length = Math.min(form.length - 1, at - from); length >= leastPart; length--) {
    // Most lengths are out at the first letter.
    if (form.charCodeAt(0) !== text.charCodeAt(at - length)) continue
    if (text.startsWith(form.slice(0, length), at - length)) return length
  }
  return 0
}

/** How much of the end of `form` the text goes on with at `at`. */
function endAfter(form: string, text: string, at: number): number {
  for (let length = Math.min(form.length - 1, text.length - at); length >= leastPart; length--) {
    if (form.charCodeAt(form.length - length) !== text.charCodeAt(at)) continue
    if (text.startsWith(form.slice(-length), at)) return length
  }
  return 0
}

/** The secret, and how it looks in JSON, in JSON within JSON, in Go's quotes, in a URL and with control characters shown. */
function formsOf(secret: string): string[] {
  const json = inner(JSON.stringify(secret))
  return [secret, json, inner(JSON.stringify(json)), inner(goQuote(secret)), urlForm(secret), cleanText(secret, true)]
}

const inner = (quoted: string): string => quoted.slice(1, -1)

function urlForm(secret: string): string {
  try {
    return encodeURIComponent(secret)
  } catch {
    // Half of a surrogate pair has no such form.
    return secret
  }
}

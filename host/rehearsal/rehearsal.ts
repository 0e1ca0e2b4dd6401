/**
 * A script that is checked and not run (`belljar check`): where its findings go, and what of it is going on. Operations of
 * host modules that wait or reach a network ask whether there is one. Knows no module.
 */
import type { GuestFailure } from '../../runtime/event-loop.js'
import { type Finding, type FindingSeverity, findingText, type Place, placeOf } from './finding.js'

const mostFindings = 1000

export class Rehearsal {
  #during: string | undefined
  readonly #tell: (finding: Finding) => void
  readonly #original: (place: Place) => Place
  readonly #told = new Set<string>()
  #failText: string | undefined
  #hasLeftOut = false

  /** @param original the place in the user's own file for one that the engine tells */
  constructor(tell: (finding: Finding) => void, original: (place: Place) => Place = (place) => place) {
    this.#tell = tell
    this.#original = original
  }

  /** What is going on from now on, for findings. */
  set during(part: string | undefined) {
    this.#during = part
    this.#hasLeftOut = false
  }

  /**
   * Tells of a finding, once however often it happens.
   *
   * @param frames the stack of the script, as its guest half writes it
   */
  find(severity: FindingSeverity, text: string, frames: string, extras: { hint?: string } = {}): void {
    const place = placeOf(frames)
    this.#add(severity, text, place === undefined ? undefined : this.#original(place), extras)
  }

  #add(severity: FindingSeverity, text: string, place: Place | undefined, extras: { hint?: string } = {}): void {
    const key = JSON.stringify([severity, text, place])
    if (this.#told.has(key) || this.#told.size >= mostFindings) return
    this.#told.add(key)
    this.#tell({
      severity,
      text: findingText(text),
      ...extras,
      ...(place === undefined ? {} : { place }),
      ...(this.#during === undefined ? {} : { during: this.#during }),
    })
  }

  /** The script was not content and said so with `call`, which ends what is going on: with made-up answers that says little. */
  gaveUp(call: string, text: string, frames: string): void {
    this.#failText = text
    this.find('warning', `${call} was called: ${text}`, frames, {
      hint: 'the answers of a check are made up, and this may be all that is wrong with them',
    })
  }

  /** A call to this address was not made, and nothing could be answered in its place. */
  leftOut(target: string): void {
    this.#hasLeftOut = true
    this.find('notice', `${target} was not called: a check reaches no network`, '')
  }

  /** What is going on ended with an error of the script, which what was left out before may have led to. */
  threw({ text, frames, isFromPromise }: GuestFailure): void {
    const gaveUpWith = this.#failText
    this.#failText = undefined
    if (gaveUpWith !== undefined && text.endsWith(gaveUpWith)) return
    const said = isFromPromise ? `Uncaught (in promise) ${text}` : text
    if (!this.#hasLeftOut) this.#add('error', said, placeOf(frames))
    else
      this.#add('warning', said, placeOf(frames), {
        hint: 'a call before it was not made, which may be all that is wrong',
      })
  }
}

/** What a check gives for a secret: as with messages, the name. No source is asked. */
export const rehearsedSecret = (key: string): string => key

/** How long a timer of a rehearsal takes, in ms: little, and still in the order of what the script asked for. */
export function rehearsedDelayMs(delayMs: number): number {
  return Math.min(100, Math.ceil(3 * Math.log2(1 + delayMs)))
}

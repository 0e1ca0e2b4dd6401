/** What a policy refused: the record of it, and the keeping of such records within bounds. */

/** Parts of a policy that can refuse; `limits` is followed by the limit's name. */
export type RuleSection =
  | 'network'
  | 'grpcMethods'
  | 'files.read'
  | 'files.write'
  | 'env'
  | 'modules'
  | `limits.${string}`

/** One refusal, or several that are alike. Texts may hold what a script said. */
export interface AuditRecord {
  /** Milliseconds since 1970 of the first. */
  readonly timeMs: number
  /** The part of the policy that refused. */
  readonly section: RuleSection
  /** The rule in it, as the policy has it: an entry of a list, a value, or `default`. */
  readonly rule: string
  /** What was refused: an address, a path, a method. */
  readonly subject: string
  /** The VU that asked; 0 in init code and stages. */
  readonly vu: number
  /** How many times since the last record of this kind. */
  readonly count: number
}

export type Refusal = Pick<AuditRecord, 'section' | 'rule' | 'subject'>

const maxKinds = 1000
/** Of all deliveries together: whoever keeps the log of refusals keeps them all. */
const maxRecords = 10_000
const maxSubjectLetters = 500

/** Collects refusals of a thread between two deliveries: those that are alike become one record. Their number is bounded. */
export class AuditTrail {
  readonly #now: () => number
  #records = new Map<string, AuditRecord & { count: number }>()
  #dropped = 0
  #left = maxRecords

  constructor(now: () => number) {
    this.#now = now
  }

  add(refusal: Refusal, vu: number): void {
    const subject = refusal.subject.slice(0, maxSubjectLetters)
    const key = JSON.stringify([refusal.section, refusal.rule, subject, vu])
    const known = this.#records.get(key)
    if (known !== undefined) known.count++
    else if (this.#records.size >= Math.min(maxKinds, this.#left)) this.#dropped++
    else this.#records.set(key, { timeMs: this.#now(), ...refusal, subject, vu, count: 1 })
  }

  /** Records since the last call, and how many refusals were left out because there were too many different ones. */
  take(): { records: AuditRecord[]; dropped: number } | undefined {
    if (this.#records.size === 0 && this.#dropped === 0) return undefined
    const taken = { records: [...this.#records.values()], dropped: this.#dropped }
    this.#left -= this.#records.size
    this.#records = new Map()
    this.#dropped = 0
    return taken
  }
}

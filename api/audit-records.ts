/** What the policy refused in a whole run: a bounded list, in which refusals that are alike are one record. */
import type { AuditRecord } from '../policy/audit.js'

const maxRecords = 1000

export class AuditRecords {
  readonly #records = new Map<string, AuditRecord>()
  #dropped = 0

  add(record: AuditRecord): void {
    const key = JSON.stringify([record.section, record.rule, record.subject, record.vu])
    const known = this.#records.get(key)
    if (known !== undefined) this.#records.set(key, { ...known, count: known.count + record.count })
    else if (this.#records.size < maxRecords) this.#records.set(key, record)
    else this.#dropped += record.count
  }

  get records(): AuditRecord[] {
    return [...this.#records.values()]
  }

  /** Refusals that are in no record. */
  get dropped(): number {
    return this.#dropped
  }
}

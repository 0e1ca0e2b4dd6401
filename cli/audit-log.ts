/** The file of --audit-log: a line of JSON for each refusal of the policy, up to a size. */
import type { AuditRecord } from '../policy/audit.js'
import { Gate } from '../policy/gate.js'
import type { Policy } from '../policy/policy.js'
import { jsonText } from '../report/clean-text.js'
import { type LogTarget, openLogFile } from '../report/log-output.js'
import type { Redactor } from '../report/redaction.js'

/** What a script may have written about it: a refusal costs the script nothing. */
const maxBytes = 16 * 1024 * 1024

export class AuditLog {
  readonly #policy: Policy
  readonly #redactor: Redactor
  readonly #target: LogTarget | undefined
  #bytes = 0
  #dropped = 0

  /**
   * @param path where nothing is written when there is none
   * @param onError told when the file cannot be written any more
   * @throws {AppError} OUTPUT_FAILED
   */
  constructor(path: string | undefined, policy: Policy, redactor: Redactor, onError: (error: string) => void) {
    this.#policy = policy
    this.#redactor = redactor
    this.#target = path === undefined ? undefined : openLogFile(path, onError)
  }

  /** The judges of this thread: their refusals go here. */
  get gate(): Gate {
    return new Gate(this.#policy, (refusal, vu) => this.add({ timeMs: Date.now(), ...refusal, vu, count: 1 }))
  }

  add({ timeMs, section, rule, subject, vu, count }: AuditRecord): void {
    const { profile } = this.#policy
    const redact = (text: string) => this.#redactor.redact(text)
    const time = new Date(timeMs).toISOString()
    const line = jsonText({ time, profile, section, rule: redact(rule), subject: redact(subject), vu, count })
    this.#bytes += Buffer.byteLength(line) + 1
    if (this.#bytes > maxBytes) this.#dropped += count
    else this.#target?.write(`${line}\n`)
  }

  /** The last line says how many refusals there was no room for. */
  close(): void {
    if (this.#dropped > 0) this.#target?.write(`${jsonText({ dropped: this.#dropped })}\n`)
    this.#target?.close?.()
  }
}

/**
 * The judges of one policy, made from it once for each thread. Each refusal is an error for the script that names the rule,
 * and goes to the audit trail; nobody else turns a policy into a decision.
 */
import { AppError, type ErrorCode } from '../errors.js'
import type { AuditTrail, Refusal, RuleSection } from './audit.js'
import type { FileRules } from './files.js'
import { Folders } from './folders.js'
import type { LimitName } from './limits.js'
import { NetworkPolicy } from './network.js'
import { Patterns } from './patterns.js'
import type { Allowed, Policy } from './policy.js'
import type { WriteRules } from './written-files.js'

/** Told of a refusal and of the VU that asked. */
export type OnRefusal = (refusal: Refusal, vu: number) => void

export class Gate {
  readonly policy: Policy
  readonly network: NetworkPolicy
  readonly #methods: Patterns
  readonly #modules: Patterns
  readonly #readable: Folders | undefined
  readonly #writable: Folders | undefined
  readonly #onRefusal: OnRefusal

  /** @param ownAddresses of this machine, for the judge of the network */
  constructor(policy: Policy, onRefusal: OnRefusal = () => {}, ownAddresses: readonly string[] = []) {
    this.policy = policy
    this.network = new NetworkPolicy(
      policy.network,
      (rule, subject, vu, message) => this.refuse('NETWORK_DENIED', 'network', rule, subject, vu, message),
      ownAddresses,
    )
    this.#methods = new Patterns(policy.grpcMethods)
    this.#modules = new Patterns(policy.modules)
    this.#readable = foldersOf(policy.files.read)
    this.#writable = foldersOf(policy.files.write)
    this.#onRefusal = onRefusal
  }

  /** A gate whose refusals go to `trail`. */
  static withTrail(policy: Policy, trail: AuditTrail, ownAddresses: readonly string[] = []): Gate {
    return new Gate(policy, (refusal, vu) => trail.add(refusal, vu), ownAddresses)
  }

  /** What files a script may read whose main module is the file at `mainFile`: that one in any case. */
  fileRules(mainFile?: string): FileRules {
    const { fileBytes, allFilesBytes } = this.policy.limits
    return {
      ...(this.#readable === undefined ? {} : { folders: this.#readable }),
      ...(mainFile === undefined ? {} : { mainFile }),
      maxFileBytes: fileBytes,
      maxTotalBytes: allFilesBytes,
      // Files are read in the first init only, which is no VU's.
      refuse: (code, section, rule, path, message) => this.refuse(code, section, rule, path, 0, message),
    }
  }

  /** What files a script may have written. */
  get writeRules(): WriteRules {
    return {
      ...(this.#writable === undefined ? {} : { folders: this.#writable }),
      refuse: (path, message) => this.refuse('FILE_DENIED', 'files.write', 'default', path, 0, message),
    }
  }

  /**
   * @param path `package.Service/Method`
   * @throws {AppError} METHOD_DENIED
   */
  checkMethod(path: string, vu: number): void {
    if (this.#methods.match(path)) return
    throw this.refuse('METHOD_DENIED', 'grpcMethods', 'default', path, vu, `calling ${path} is not allowed`)
  }

  /**
   * @param name of a module of k6, or a URL of a remote one
   * @throws {AppError} MODULE_DENIED
   */
  checkModule(name: string): void {
    if (this.#modules.match(name)) return
    throw this.refuse('MODULE_DENIED', 'modules', 'default', name, 0, `importing ${name} is not allowed`)
  }

  /** The bounds of the modules of a script. */
  get moduleLimits() {
    const { moduleBytes, moduleCount } = this.policy.limits
    return {
      moduleBytes,
      moduleCount,
      refuse: (limit: 'moduleBytes' | 'moduleCount', url: string, message: string) => {
        const code = limit === 'moduleBytes' ? 'LIMIT_SIZE' : 'LIMIT_COUNT'
        return this.overLimit(code, limit, url, 0, message)
      },
    }
  }

  /** The error of a refusal, which is on record with it. */
  refuse(code: ErrorCode, section: RuleSection, rule: string, subject: string, vu: number, message: string): AppError {
    this.#onRefusal({ section, rule, subject }, vu)
    const limit = section.startsWith('limits.') ? section.slice('limits.'.length) : undefined
    // A limit holds in every profile, and its value stands in the message.
    const named = limit === undefined ? `policy ${this.policy.profile}, ${section}: ${rule}` : `limit ${limit}`
    return new AppError(code, `${message} (${named})`, { details: { section, rule, subject } })
  }

  /** Puts on record what another part has refused, with the limit's name in its error. */
  recordLimit(limit: LimitName, subject: string, vu: number): void {
    this.#onRefusal({ section: `limits.${limit}`, rule: String(this.policy.limits[limit]), subject }, vu)
  }

  /** The error of what is more than a limit allows. `message` has its value, and is followed by its name. */
  overLimit(code: ErrorCode, limit: LimitName, subject: string, vu: number, message: string): AppError {
    return this.refuse(code, `limits.${limit}`, String(this.policy.limits[limit]), subject, vu, message)
  }
}

const foldersOf = (allowed: Allowed): Folders | undefined => (allowed === 'all' ? undefined : new Folders(allowed))

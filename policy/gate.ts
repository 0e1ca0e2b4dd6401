/**
 * The judges of one policy, made from it once for each thread. Each refusal is an error for the script that names the rule,
 * and goes to the audit trail; nobody else turns a policy into a decision.
 */
import { AppError, type ErrorCode } from '../errors.js'
import type { AuditTrail, Refusal, RuleSection } from './audit.js'
import type { FileRules } from './files.js'
import { NetworkPolicy } from './network.js'
import { Patterns } from './patterns.js'
import type { Policy } from './policy.js'

/** Told of a refusal and of the VU that asked. */
export type OnRefusal = (refusal: Refusal, vu: number) => void

export class Gate {
  readonly policy: Policy
  readonly network: NetworkPolicy
  readonly #methods: Patterns
  readonly #modules: Patterns
  readonly #onRefusal: OnRefusal

  constructor(policy: Policy, onRefusal: OnRefusal = () => {}) {
    this.policy = policy
    this.network = policy.network.default === 'allow' ? NetworkPolicy.allowAll : NetworkPolicy.publicOnly
    this.#methods = new Patterns(policy.grpcMethods)
    this.#modules = new Patterns(policy.modules)
    this.#onRefusal = onRefusal
  }

  /** A gate whose refusals go to `trail`. */
  static withTrail(policy: Policy, trail: AuditTrail): Gate {
    return new Gate(policy, (refusal, vu) => trail.add(refusal, vu))
  }

  /** What files may be read. */
  get fileRules(): FileRules {
    const { files, limits } = this.policy
    return {
      ...(files.read === 'all' ? {} : { roots: files.read }),
      maxFileBytes: limits.fileBytes,
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

  /** The error of a refusal, which is on record with it. */
  refuse(code: ErrorCode, section: RuleSection, rule: string, subject: string, vu: number, message: string): AppError {
    this.#onRefusal({ section, rule, subject }, vu)
    return new AppError(code, `${message} (policy ${this.policy.profile}, ${section}: ${rule})`, {
      details: { section, rule, subject },
    })
  }
}

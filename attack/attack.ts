/** What an attack is: a hostile script, what it is given to attack with, and how it must end. */
import type { ErrorCode } from '../errors.js'
import type { LimitName } from '../policy/limits.js'
import type { HostileServer } from './servers/hostile-server.js'
import type { TenantOutcome } from './tenant.js'

/** Folders of one attack. All of them are removed afterwards. */
export interface Place {
  /** Holds the script and its files. The only one that the policy lets it read. */
  readonly folder: string
  /** The only one that the policy lets it write. */
  readonly output: string
  /** Beside them, and closed: holds `secret.txt`, whose text no script may ever see. */
  readonly outside: string
}

/** All that came of the run of a hostile script. */
export interface Seen {
  readonly outcome: TenantOutcome
  /** Lines of its log, as they would be written. */
  readonly log: readonly string[]
  readonly place: Place
  readonly server: HostileServer | undefined
}

/** How an attack must end. */
export interface Ending {
  /** The code of the run's error; without it the run must go on to its end and pass. */
  readonly error?: ErrorCode | readonly ErrorCode[]
  /** The limit that must have stopped it, by its name in an error, the log, or the audit log. */
  readonly limit?: LimitName
  /** What the log or the run's error must say. */
  readonly says?: RegExp
  /** What they must not say. */
  readonly neverSays?: RegExp
  /** The part of the policy that must be on record as having refused. */
  readonly refusedBy?: string
}

export interface Attack {
  /** What the script does, in a few words; unique in its area. */
  readonly name: string
  /** Code of the main module beside the functions: imports, values, `setup`. */
  readonly init?: string
  /** The body of the hostile VU's iteration; it may await. */
  readonly attack?: string
  /** The whole of the main module, instead of `init` and `attack`. It is left alone: no healthy VU is put into it. */
  readonly script?: string
  /** The name of the main module, for what it ends with. */
  readonly mainName?: string
  /** Files beside the script. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>
  /** Makes what is no plain file: links, pipes, files with holes. */
  readonly prepare?: (place: Place) => void | Promise<void>
  /** A server that the script may reach, at `__ENV.HOSTILE`. */
  readonly server?: () => Promise<HostileServer>
  /** Iterations of the hostile VU; one without it. */
  readonly iterations?: number
  /** Options over those of the script. */
  readonly options?: Readonly<Record<string, unknown>>
  /** Limits over the small ones that attacks get. */
  readonly limits?: Partial<Record<LimitName, number>>
  /** Parts of the policy over those that attacks get. */
  readonly policy?: Readonly<Record<string, unknown>>
  /** Threads for the two VUs: with two (the default) the healthy one has a thread of its own. */
  readonly threads?: 1 | 2
  /**
   * What becomes of the healthy VU of the same run: it `goes on` to its last iteration (the default), or `ends with the run`,
   * since the attack must end it, or there is `none`, since no iteration ever begins.
   */
  readonly neighbour?: 'goes on' | 'ends with the run' | 'none'
  readonly ends: Ending
  /** What else must hold. @throws what does not */
  readonly check?: (seen: Seen) => void
}

/** Attacks on one part of the sandbox. */
export interface Area {
  readonly name: string
  readonly attacks: readonly Attack[]
}

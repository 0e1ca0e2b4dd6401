/** Who may log in to the example server, and the tokens that they got. Knows nothing of gRPC. */
import { randomBytes } from 'node:crypto'

/** What a user of the shop may do: customers order for themselves, clerks import orders as well. */
export type Role = 'customer' | 'clerk'

export interface User {
  name: string
  role: Role
}

export interface Session {
  user: User
  token: string
  expiresAtMs: number
}

const users = new Map<string, { password: string; role: Role }>([
  ['alice', { password: 'wonderland', role: 'customer' }],
  ['bob', { password: 'builder', role: 'customer' }],
  ['carol', { password: 'ledger', role: 'clerk' }],
])

const lifetimeMs = 60 * 60 * 1000
/** A load test may log in without end; the oldest session makes room. */
const sessionsMax = 10_000

/** The open sessions. They live as long as the server does, at most an hour each. */
export class Sessions {
  readonly #byToken = new Map<string, Session>()
  readonly #nowMs: () => number

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /** A new session, or undefined if the name or the password is wrong. */
  open(name: string, password: string): Session | undefined {
    const known = users.get(name)
    if (known === undefined || known.password !== password) return undefined
    if (this.#byToken.size >= sessionsMax) {
      for (const oldest of this.#byToken.keys()) {
        this.#byToken.delete(oldest)
        break
      }
    }
    const token = randomBytes(24).toString('base64url')
    const session = { user: { name, role: known.role }, token, expiresAtMs: this.#nowMs() + lifetimeMs }
    this.#byToken.set(token, session)
    return session
  }

  /** Whose token this is, or undefined if it is unknown or too old. */
  userOf(token: string): User | undefined {
    const session = this.#byToken.get(token)
    if (session === undefined) return undefined
    if (session.expiresAtMs > this.#nowMs()) return session.user
    this.#byToken.delete(token)
    return undefined
  }
}

/** The HTTP side of one VU: connections, cookie jars, bodies on their way into the VM, which statuses it expects. */
import { GuestError } from '../../runtime/guest-error.js'
import { Handles } from '../handles.js'
import type { Traffic } from '../net/traffic.js'
import { ConnectionPool } from './connection-pool.js'
import { HttpJar, JarRoom } from './cookie-jar.js'
import type { HttpRuntime } from './http-runtime.js'
import { defaultExpected, type StatusSet } from './status-set.js'

const maxJars = 10_000
const maxOpenRequests = 1000

export class HttpVu {
  readonly runtime: HttpRuntime
  readonly pool = new ConnectionPool()
  /** Null: nothing is expected, and nothing judged. */
  expected: StatusSet | null = defaultExpected
  readonly #jarRoom = new JarRoom()
  /** There once it was asked for in the iteration. */
  #ownJar: HttpJar | undefined
  /** Those that the script made. */
  readonly #jars = new Handles<HttpJar>('cookie jars', maxJars)
  readonly #bodies = new Map<number, string | Uint8Array>()
  #lastBody = 0
  #bodyBytes = 0
  #openRequests = 0

  constructor(runtime: HttpRuntime) {
    this.runtime = runtime
  }

  /** An iteration begins. */
  renew(): void {
    const { noCookiesReset, noVuConnectionReuse } = this.runtime.options
    if (!noCookiesReset) {
      this.#ownJar?.release()
      this.#ownJar = undefined
    }
    if (noVuConnectionReuse) this.pool.closeIdle()
    this.#clearBodies()
  }

  #clearBodies(): void {
    this.#bodies.clear()
    this.#bodyBytes = 0
  }

  /** @throws {GuestError} when there are too many */
  addJar(): number {
    return this.#jars.add(new HttpJar(this.#jarRoom))
  }

  /** Calls that are under way keep the jar that they began with. */
  freeJar(id: unknown): void {
    this.#jars.find(id)?.release()
    this.#jars.delete(id)
  }

  /** A jar by its number; 0 is the VU's own. @throws {GuestError} for a number that is none of this VU's */
  jar(id: unknown): HttpJar {
    if (id !== 0) return this.#jars.get(id)
    this.#ownJar ??= new HttpJar(this.#jarRoom)
    return this.#ownJar
  }

  /** Counts a request that begins. @throws {GuestError} when too many are open */
  begin(): void {
    if (this.#openRequests >= maxOpenRequests) {
      throw new GuestError('GoError', `a VU may have ${maxOpenRequests} open HTTP requests`)
    }
    this.#openRequests++
  }

  end(): void {
    this.#openRequests--
  }

  /**
   * Keeps a body until the guest takes it, which it does as soon as it hears of it.
   *
   * @throws {GuestError} when those that wait would not fit into the VM
   */
  keepBody(body: string | Uint8Array): number {
    const { memoryBytes } = this.runtime.limits
    if (this.#bodyBytes + body.length > memoryBytes) {
      throw new GuestError(
        'GoError',
        `responses of more than ${memoryBytes} bytes wait for the script (limit memoryBytes)`,
      )
    }
    this.#bodyBytes += body.length
    this.#lastBody++
    this.#bodies.set(this.#lastBody, body)
    return this.#lastBody
  }

  /** @throws {GuestError} for a body that is not there */
  takeBody(id: unknown): string | Uint8Array {
    const body = typeof id === 'number' ? this.#bodies.get(id) : undefined
    if (body === undefined) throw new GuestError('TypeError', 'unknown body')
    this.#bodies.delete(id as number)
    this.#bodyBytes -= body.length
    return body
  }

  takeTraffic(): Traffic {
    return this.pool.takeTraffic()
  }

  /** Closes everything: the VU is over. */
  close(): void {
    this.pool.close()
    this.#clearBodies()
  }
}

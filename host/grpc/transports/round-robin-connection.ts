/**
 * A connection to all addresses of a name, whose calls take turns: gRPC's policy `round_robin`. Each address has a
 * connection of its own, which comes back by itself; this file knows which of them carries the next call.
 */
import type { CheckedAddress, NetworkUse } from '../../../policy/network.js'
import { DialError, type NameResolver } from '../../dns.js'
import { unlessAborted } from '../../net/dial-deadline.js'
import { whileDialing } from '../dial.js'
import { endpointOf } from '../server-name.js'
import { connectionClosing } from '../status.js'
import { ConnectionCalls } from './connection-calls.js'
import { type ConnectionOptions, RediallingConnection } from './redialling-connection.js'
import { CallError, type Session, type Wire } from './session.js'

/** Addresses that are dialled; whoever owns the name decides how many it has, and each takes a socket of each VU. */
export const maxAddresses = 64

export class RoundRobinConnection<S extends Session> extends ConnectionCalls<S> {
  readonly #options: ConnectionOptions
  readonly #resolver: NameResolver
  readonly #most: number
  /** By address and port. */
  readonly #peers = new Map<string, RediallingConnection<S>>()
  #turn = 0
  #isClosed = false
  /** Of peers that are gone. */
  #bytesSentBefore = 0
  #bytesReceivedBefore = 0

  constructor(wire: Wire<S>, options: ConnectionOptions, resolver: NameResolver, most = maxAddresses) {
    super(endpointOf(options.address), wire, options)
    this.#options = options
    this.#resolver = resolver
    this.#most = Math.min(most, maxAddresses)
  }

  get bytesSent(): number {
    return [...this.#peers.values()].reduce((sum, peer) => sum + peer.bytesSent, this.#bytesSentBefore)
  }

  get bytesReceived(): number {
    return [...this.#peers.values()].reduce((sum, peer) => sum + peer.bytesReceived, this.#bytesReceivedBefore)
  }

  override get peers(): number {
    return this.#peers.size
  }

  /** Dials all addresses until the first is connected; the others go on by themselves. Rejects when all have failed. */
  async dial(signal: AbortSignal): Promise<void> {
    const timeUp = () => new DialError('context deadline exceeded', true)
    const look = this.#resolver.resolveAll(this.#options.address, this.#options.use, signal)
    const addresses = await unlessAborted(look, signal, timeUp).catch((e: unknown) => {
      throw whileDialing(e)
    })
    this.#add(addresses)
    const peers = [...this.#peers.values()]
    try {
      await unlessAborted(Promise.any(peers.map(async (peer) => peer.session())), signal, timeUp)
    } catch (e) {
      if (!(e instanceof AggregateError)) throw e
      const failures = peers.map((peer) => peer.failure)
      for (const key of this.#peers.keys()) this.#drop(key)
      // Whatever may pass is worth another try.
      throw failures.find((failure) => failure instanceof DialError && failure.isTemporary) ?? failures[0]
    }
  }

  /** The next of the connected peers; those that are lost begin to dial. */
  session(): S | Promise<S> {
    if (this.#isClosed) throw new CallError(connectionClosing)
    const ready: S[] = []
    const dialling: Promise<S>[] = []
    let failed: RediallingConnection<S> | undefined
    for (const peer of this.#peers.values()) {
      if (peer.failure !== undefined) {
        failed = peer
        continue
      }
      const session = peer.session()
      if (session instanceof Promise) dialling.push(session)
      else ready.push(session)
    }
    const next = ready[this.#turn++ % ready.length]
    if (next) {
      for (const dial of dialling) dial.catch(() => {})
      return next
    }
    // Throws why.
    if (dialling.length === 0) return (failed as RediallingConnection<S>).session()
    return Promise.any(dialling).catch((e: AggregateError) => {
      throw e.errors[0]
    })
  }

  override close(): void {
    this.#isClosed = true
    super.close()
    for (const peer of this.#peers.values()) peer.close()
  }

  #add(addresses: readonly CheckedAddress[]): void {
    for (const address of addresses) {
      const key = keyOf(address)
      if (this.#peers.size >= this.#most || this.#isClosed) return
      if (this.#peers.has(key)) continue
      let first: CheckedAddress | undefined = address
      const resolve = (_: string, _use: NetworkUse, signal?: AbortSignal) => {
        const known = first
        first = undefined
        return known ? Promise.resolve(known) : this.#lookUpAgain(address, signal)
      }
      this.#peers.set(key, new RediallingConnection(this.wire, { ...this.#options, resolver: { resolve } }))
    }
  }

  /** Before an address is dialled again: servers may have moved, and what was allowed may be so no longer. */
  async #lookUpAgain(address: CheckedAddress, signal: AbortSignal | undefined): Promise<CheckedAddress> {
    const all = await this.#resolver.resolveAll(this.#options.address, this.#options.use, signal)
    const byKey = new Map(all.map((known) => [keyOf(known), known]))
    for (const [key, peer] of this.#peers) {
      if (!byKey.has(key) && peer.failure !== undefined) this.#drop(key)
    }
    // The next call dials those that are new.
    this.#add(all)
    const same = byKey.get(keyOf(address))
    if (same) return same
    throw new DialError(`${address.ip.text} is not an address of ${address.hostName} any more`, true)
  }

  #drop(key: string): void {
    const peer = this.#peers.get(key)
    if (!peer) return
    this.#peers.delete(key)
    this.#bytesSentBefore += peer.bytesSent
    this.#bytesReceivedBefore += peer.bytesReceived
    peer.close()
  }
}

function keyOf({ ip, port }: CheckedAddress): string {
  return `${ip.text} ${port}`
}

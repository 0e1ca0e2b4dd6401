/** The connections of one VU: idle ones by where they lead, all of them with the bytes that they moved. */
import { type Traffic, TrafficMeter } from '../net/traffic.js'
import type { DialTimes, HttpDialOptions } from './http-connection.js'
import { HttpConnection } from './http-connection.js'

export class ConnectionPool {
  readonly #idle = new Map<string, HttpConnection[]>()
  readonly #open = new TrafficMeter<HttpConnection>()
  #dialling = 0
  #isClosed = false

  /**
   * A connection for one request: give it back with `release` or `discard`.
   *
   * @param mayReuse false when it must be a new one
   * @param onDial told before a new one is dialled
   * @throws what dialling and `onDial` throw
   */
  async acquire(
    options: HttpDialOptions,
    times: DialTimes,
    signal: AbortSignal,
    mayReuse: boolean,
    onDial: () => void,
  ): Promise<HttpConnection> {
    if (mayReuse) {
      const idle = this.#takeIdle(keyOf(options))
      if (idle !== undefined) return idle
    }
    onDial()
    this.#dialling++
    try {
      const connection = await HttpConnection.open(options, times, signal)
      this.#open.add(connection)
      if (this.#isClosed) this.discard(connection)
      return connection
    } finally {
      this.#dialling--
    }
  }

  /** The request is done; the connection may serve another. */
  release(options: HttpDialOptions, connection: HttpConnection): void {
    if (this.#isClosed || !connection.isOpen) {
      this.discard(connection)
      return
    }
    connection.isReused = true
    const key = keyOf(options)
    const others = this.#idle.get(key)
    if (others === undefined) this.#idle.set(key, [connection])
    else others.push(connection)
  }

  discard(connection: HttpConnection): void {
    this.#open.remove(connection)
    connection.close()
  }

  /** Connections that are open or dialled. */
  get size(): number {
    return this.#open.size + this.#dialling
  }

  closeIdle(): void {
    for (const connections of this.#idle.values()) for (const connection of connections) this.discard(connection)
    this.#idle.clear()
  }

  /** Bytes that went over the wire since the last call. */
  takeTraffic(): Traffic {
    return this.#open.take()
  }

  /** Closes everything: the VU is over. */
  close(): void {
    this.#isClosed = true
    for (const connection of [...this.#open.connections]) this.discard(connection)
    this.#idle.clear()
  }

  #takeIdle(key: string): HttpConnection | undefined {
    const connections = this.#idle.get(key)
    for (let last = connections?.pop(); last !== undefined; last = connections?.pop()) {
      if (last.isOpen) return last
      this.discard(last)
    }
    this.#idle.delete(key)
    return undefined
  }
}

function keyOf({ isTls, hostName, port }: HttpDialOptions): string {
  return `${isTls} ${port} ${hostName}`
}

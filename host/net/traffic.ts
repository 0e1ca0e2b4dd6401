/** The bytes that the connections of a VU moved, each told once. */

export interface Traffic {
  sentBytes: number
  receivedBytes: number
}

/** A connection that counts its bytes from its beginning. */
export interface CountedConnection {
  readonly bytesSent: number
  readonly bytesReceived: number
}

export class TrafficMeter<Connection extends CountedConnection> {
  /** Every open connection, with the bytes that were told of it. */
  readonly #told = new Map<Connection, Traffic>()
  #closed: Traffic = { sentBytes: 0, receivedBytes: 0 }

  add(connection: Connection): void {
    this.#told.set(connection, { sentBytes: 0, receivedBytes: 0 })
  }

  /** The connection is over; what it moved since it was last asked is told with the next `take`. */
  remove(connection: Connection): void {
    const told = this.#told.get(connection)
    if (told === undefined) return
    this.#closed.sentBytes += connection.bytesSent - told.sentBytes
    this.#closed.receivedBytes += connection.bytesReceived - told.receivedBytes
    this.#told.delete(connection)
  }

  /** Bytes that went over the wire since the last call. */
  take(): Traffic {
    const total = this.#closed
    this.#closed = { sentBytes: 0, receivedBytes: 0 }
    for (const [connection, told] of this.#told) {
      const { bytesSent, bytesReceived } = connection
      total.sentBytes += bytesSent - told.sentBytes
      total.receivedBytes += bytesReceived - told.receivedBytes
      told.sentBytes = bytesSent
      told.receivedBytes = bytesReceived
    }
    return total
  }

  get connections(): Iterable<Connection> {
    return this.#told.keys()
  }

  get size(): number {
    return this.#told.size
  }
}

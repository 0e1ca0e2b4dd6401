/** Makes transports by their names. */

import type { Connection, DialOptions, Transport } from '../transport.js'
import type { TransportName } from '../transport-name.js'
import { DirectTransport } from './direct-transport.js'

export function newTransport(name: TransportName): Transport {
  return name === 'direct' ? new DirectTransport() : new GrpcJsWhenDialled()
}

/** Loads grpc-js with the first dial: most runs never need it, and it takes as long to load as all else here. */
class GrpcJsWhenDialled implements Transport {
  async connect(options: DialOptions): Promise<Connection> {
    const { GrpcJsTransport } = await import('./grpc-js-transport.js')
    return new GrpcJsTransport().connect(options)
  }
}

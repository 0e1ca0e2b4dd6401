/** The transport that speaks HTTP/2 itself, straight on sockets: what gRPC needs of it, and little else per call. */
import { DiallingTransport } from './dialling-transport.js'
import { DirectCall } from './direct-call.js'
import { DirectSession } from './direct-session.js'

export class DirectTransport extends DiallingTransport<DirectSession> {
  constructor() {
    super({
      open: DirectSession.open,
      newCall: (host, start, sink, isServerStreaming) => new DirectCall(host, start, sink, isServerStreaming),
    })
  }
}

/** The transport over @grpc/grpc-js: sessions that are its channels, and calls that are its own, made to end as grpc-go's. */
import { DiallingTransport } from './dialling-transport.js'
import { GrpcJsCall } from './grpc-js-call.js'
import { GrpcJsSession } from './grpc-js-session.js'

export class GrpcJsTransport extends DiallingTransport<GrpcJsSession> {
  constructor() {
    super({
      open: (options, onLost) => GrpcJsSession.open(options, onLost),
      newCall: (host, start, sink, isServerStreaming) => new GrpcJsCall(host, start, sink, isServerStreaming),
    })
  }
}

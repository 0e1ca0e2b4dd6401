/** The transports of gRPC that a run may be started with. */
export { isTransportName, type TransportName, transportNames } from '../host/grpc/transport-name.js'

/** The face of this folder, for scripts that import k6/net/grpc: loaded with the first of them. */
import { grpc } from './grpc-module.js'
import { grpcRehearsal } from './grpc-rehearsal.js'

export { GrpcRuntime } from './grpc-runtime.js'
export { GrpcVu } from './grpc-vu.js'

export const modules = [grpc, grpcRehearsal]

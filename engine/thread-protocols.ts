/** gRPC and HTTP of the VUs of a thread: loaded for the scripts that import them, with the options of the test. */
import { HostResolver } from '../host/dns.js'
import type { GrpcOptions } from '../host/grpc/grpc-runtime.js'
import type { SchemaCache } from '../host/grpc/schema/schema-cache.js'
import type { HttpOptions } from '../host/http/http-runtime.js'
import type { NewProtocols } from '../host/vu-context.js'
import type { Limits } from '../policy/limits.js'

export interface ProtocolOptions {
  readonly grpc: GrpcOptions
  readonly http: HttpOptions
  /** Those that the first init has parsed. */
  readonly schemas?: SchemaCache
}

export interface ThreadProtocols extends NewProtocols {
  /** Of all gRPC clients; undefined for a script without them. */
  readonly schemas: SchemaCache | undefined
}

const notImported = (name: string) => () => {
  throw new Error(`the script does not import ${name}`)
}

/**
 * For a script that imports these modules of k6.
 *
 * @param options of the test; without, as in the first init, nothing may be dialled
 */
export async function newProtocols(
  k6Modules: Iterable<string>,
  limits: Limits,
  options?: ProtocolOptions,
): Promise<ThreadProtocols> {
  const names = new Set(k6Modules)
  const [ofGrpc, ofHttp] = await Promise.all([
    names.has('k6/net/grpc') ? import('../host/grpc/index.js') : undefined,
    names.has('k6/http') ? import('../host/http/index.js') : undefined,
  ])
  const grpc =
    ofGrpc &&
    (options ? new ofGrpc.GrpcRuntime(options.grpc, limits, options.schemas) : ofGrpc.GrpcRuntime.forInit(limits))
  const newHttp = () => {
    if (options === undefined) return ofHttp!.HttpRuntime.forInit(limits)
    // Names are looked up once for both.
    return new ofHttp!.HttpRuntime(options.http, limits, grpc?.resolver ?? new HostResolver(options.grpc.resolver))
  }
  const http = ofHttp && newHttp()
  return {
    grpc: grpc === undefined ? notImported('k6/net/grpc') : () => new ofGrpc!.GrpcVu(grpc),
    schemas: grpc?.schemas,
    http: http === undefined ? notImported('k6/http') : () => new ofHttp!.HttpVu(http),
  }
}

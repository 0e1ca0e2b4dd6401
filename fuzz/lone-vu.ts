/**
 * A VU of the trusted half that nobody is around: its services are real where they are in memory, and reach nothing else. Of
 * all addresses it may dial one of this machine, where nobody listens; names are known to no look-up.
 */
import { defaultSystemTags } from '../engine/options/metric-options.js'
import { HostResolver, type ResolverOptions } from '../host/dns.js'
import { GrpcRuntime } from '../host/grpc/grpc-runtime.js'
import { GrpcVu } from '../host/grpc/grpc-vu.js'
import { HttpRuntime } from '../host/http/http-runtime.js'
import { HttpVu } from '../host/http/http-vu.js'
import { VuContext } from '../host/vu-context.js'
import { declareModuleMetrics } from '../metrics/module-metrics.js'
import { MetricRegistry } from '../metrics/registry.js'
import { SampleBuffer } from '../metrics/sample-buffer.js'
import { trustedLimits } from '../policy/limits.js'
import { NetworkPolicy } from '../policy/network.js'
import { TaskQueue } from '../runtime/event-loop.js'
import { GuestError } from '../runtime/guest-error.js'
import { bareServices } from '../test/support/bare-services.js'

export const resolver: ResolverOptions = {
  network: new NetworkPolicy({ default: 'deny', privateRanges: 'closed', allow: ['127.0.0.1'], deny: [] }),
  lookup: () => Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' })),
}

const nowhere = (name: string): never => {
  throw new GuestError('GoError', `there is no ${name.slice(0, 100)}`)
}

/** @param files by their names, as scripts give them */
export function loneVu(files: ReadonlyMap<string, Uint8Array>, onInternalError: (e: unknown) => void): VuContext {
  const limits = { ...trustedLimits, memoryBytes: 8 * 1024 * 1024 }
  const registry = new MetricRegistry()
  declareModuleMetrics(registry, ['k6', 'k6/net/grpc', 'k6/http'])
  const http = { tls: {}, userAgent: 'fuzz', batch: 20, batchPerHost: 6 }
  const memory = new ArrayBuffer(128 * 1024)
  const vu = new VuContext(
    1,
    {
      ...bareServices(limits, []),
      log: () => {},
      samples: new SampleBuffer(),
      registry,
      systemTags: new Set(defaultSystemTags),
      readFile: (path) => ({
        absolutePath: `/w/${path}`,
        shownPath: path,
        bytes: files.get(path.replace(/^\/test\//, '')),
      }),
      resolveModule: nowhere,
      resolveUrl: nowhere,
      jsonText: nowhere,
      onInternalError,
    },
    new TaskQueue(),
    {
      grpc: () => new GrpcVu(new GrpcRuntime({ tls: {}, resolver }, limits)),
      http: () => new HttpVu(new HttpRuntime(http, limits, new HostResolver(resolver))),
    },
  )
  vu.memory = () => memory
  return vu
}

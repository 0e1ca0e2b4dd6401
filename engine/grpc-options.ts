/** The options of a test that bear on gRPC connections, in the terms of host/grpc. */
import type { GrpcOptions } from '../host/grpc/grpc-runtime.js'
import type { ConsolidatedOptions } from './options/consolidate.js'
import { LocalIpPool } from './options/local-ips.js'

/** Every option of a test that bears on gRPC has its place here. */
export function grpcOptionsOf(options: ConsolidatedOptions): GrpcOptions {
  const { tlsVersion, tlsCipherSuites, tlsAuth, dns } = options
  const localIps = options.localIPs ? new LocalIpPool(options.localIPs) : undefined
  return {
    tls: {
      insecureSkipVerify: options.insecureSkipTLSVerify,
      ...(tlsVersion?.min === undefined ? {} : { minVersion: tlsVersion.min }),
      ...(tlsVersion?.max === undefined ? {} : { maxVersion: tlsVersion.max }),
      ...(tlsCipherSuites === undefined ? {} : { cipherSuites: tlsCipherSuites }),
      ...(tlsAuth === undefined ? {} : { auth: tlsAuth }),
    },
    resolver: {
      ttlMs: dns.ttlMs,
      select: dns.select,
      policy: dns.policy,
      ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
      ...(options.blockHostnames === undefined ? {} : { blockHostnames: options.blockHostnames }),
      ...(options.blacklistIPs === undefined ? {} : { blacklistIps: options.blacklistIPs }),
    },
    ...(options.userAgent === undefined ? {} : { userAgent: options.userAgent }),
    ...(localIps === undefined ? {} : { localIpOf: (vu: number) => localIps.addressOf(vu) }),
    ...(options.httpDebug === undefined ? {} : { httpDebug: options.httpDebug }),
  }
}

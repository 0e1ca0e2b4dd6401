/** The options of a test that bear on gRPC connections, in the terms of host/grpc. */
import { AppError } from '../errors.js'
import type { GrpcOptions } from '../host/grpc/grpc-runtime.js'
import type { ConsolidatedOptions } from './options/consolidate.js'

/** @throws {AppError} NOT_SUPPORTED for an option that would otherwise be ignored */
export function grpcOptionsOf(options: ConsolidatedOptions): GrpcOptions {
  if (options.localIPs !== undefined && options.localIPs !== '') {
    throw new AppError('NOT_SUPPORTED', 'the option localIPs is not supported', {
      hint: 'leave localIPs (--local-ips) out',
    })
  }
  if (options.httpDebug !== undefined && options.httpDebug !== '') {
    throw new AppError('NOT_SUPPORTED', 'the option httpDebug is not supported', { hint: 'leave --http-debug out' })
  }
  const { tlsVersion, tlsCipherSuites, tlsAuth, dns } = options
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
  }
}

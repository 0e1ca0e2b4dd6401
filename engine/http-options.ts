/** The options of a test that bear on HTTP requests, in the terms of host/http. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HttpOptions } from '../host/http/http-runtime.js'
import { packageRoot } from '../package-root.js'
import { grpcOptionsOf } from './grpc-options.js'
import type { ConsolidatedOptions } from './options/consolidate.js'
import type { SharedCounters } from './shared-counters.js'

/** k6's defaults. */
const defaultBatch = 20
const defaultBatchPerHost = 6

/** Every option of a test that bears on HTTP has its place here. The counters keep the pace of all threads. */
export function httpOptionsOf(options: ConsolidatedOptions, counters: SharedCounters): HttpOptions {
  const { tls, localIpOf, httpDebug } = grpcOptionsOf(options)
  const { maxRedirects, rps } = options
  return {
    tls,
    userAgent: options.userAgent ?? defaultUserAgent(),
    batch: options.batch ?? defaultBatch,
    batchPerHost: options.batchPerHost ?? defaultBatchPerHost,
    noConnectionReuse: options.noConnectionReuse ?? false,
    noVuConnectionReuse: options.noVUConnectionReuse ?? false,
    noCookiesReset: options.noCookiesReset ?? false,
    discardsBodies: options.discardResponseBodies ?? false,
    throws: options.throw,
    ...(maxRedirects === undefined ? {} : { maxRedirects }),
    ...(httpDebug === undefined ? {} : { httpDebug }),
    ...(localIpOf === undefined ? {} : { localIpOf }),
    ...(rps === undefined || rps <= 0 ? {} : { nextSlotMs: () => counters.nextSlot(nowMs(), 1000 / rps) }),
  }
}

const nowMs = () => performance.timeOrigin + performance.now()

function defaultUserAgent(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  return `belljar/${version}`
}

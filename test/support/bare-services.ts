/** What a VU of a test gets from its thread unless the test has something better: nothing that it may call for real. */
import assert from 'node:assert/strict'
import { GrpcRuntime } from '../../host/grpc/grpc-runtime.js'
import { GrpcVu } from '../../host/grpc/grpc-vu.js'
import { HttpRuntime } from '../../host/http/http-runtime.js'
import { HttpVu } from '../../host/http/http-vu.js'
import { SharedArrayRegistry } from '../../host/shared-array-registry.js'
import { SharedArrays } from '../../host/shared-arrays.js'
import type { LogLine, NewProtocols, ThreadServices } from '../../host/vu-context.js'
import { Gate } from '../../policy/gate.js'
import type { Limits } from '../../policy/limits.js'
import { trustedPolicy } from '../../policy/policy.js'

/** Protocols that dial nobody. */
export const bareProtocols = (limits: Limits): NewProtocols => ({
  grpc: () => new GrpcVu(GrpcRuntime.forInit(limits)),
  http: () => new HttpVu(HttpRuntime.forInit(limits)),
})

/** @param lines gets what is logged */
export function bareServices(
  limits: Limits,
  lines: LogLine[],
): Omit<ThreadServices, 'samples' | 'registry' | 'systemTags'> {
  return {
    limits,
    gate: new Gate({ ...trustedPolicy, limits }),
    sharedArrays: new SharedArrays(new SharedArrayRegistry(limits.sharedArrayBytes), limits.sharedArrayBytes),
    secret: () => Promise.reject(new Error('no secret sources are configured')),
    scriptFolder: '/test',
    log: (line) => lines.push(line),
    readFile: () => assert.fail(),
    shownPath: (absolutePath) => absolutePath,
    resolveModule: () => assert.fail(),
    resolveUrl: () => assert.fail(),
    jsonText: () => assert.fail(),
    now: Date.now,
    onInternalError: (e) => assert.fail(String(e)),
    onPoll: () => {},
    onTestEnd: () => {},
    idInTest: (id) => id,
    executionInfo: () => '{}',
  }
}

/** What becomes of the options of `runScript`: every part is checked before anything begins. */
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isTransportName, type TransportName, transportNames } from '../engine/grpc-transport.js'
import { resolveFeatures } from '../engine/options/features.js'
import { parseOptions } from '../engine/options/options.js'
import { type Isolation, isolationOf } from '../engine/start-run.js'
import type { TestRunSettings } from '../engine/test-run-settings.js'
import { Patterns } from '../policy/patterns.js'
import type { Allowed, Policy } from '../policy/policy.js'
import { policyFrom } from '../policy/policy-input.js'
import type { RunEvent } from './run-events.js'

/** The options of `runScript`, checked and complete. */
export interface RunRequest {
  readonly settings: TestRunSettings
  readonly isolation: Isolation
  readonly signal: AbortSignal | undefined
  readonly stopMs: number
  readonly onEvent: ((event: RunEvent) => void) | undefined
  readonly progressMs: number
  readonly metricsMs: number
}

const longestMs = 2 ** 31 - 1
const leastPeriodMs = 50
const mostThreads = 256

const keys = [
  ...['script', 'policy', 'options', 'env', 'threads', 'grpcTransport', 'isolation', 'signal', 'stopMs', 'onEvent'],
  ...['progressMs', 'metricsMs'],
]

/**
 * @throws {TypeError} for what is of a wrong type or unknown; the message has its path
 * @throws {AppError} POLICY_INVALID, OPTIONS_INVALID, NOT_SUPPORTED
 */
export function readRunOptions(given: unknown): RunRequest {
  const all = record(given, 'the argument', keys)
  const policy = policyFrom(all.policy, { baseFolder: process.cwd() })
  const { signal, onEvent } = all
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw wrong('signal', 'an AbortSignal', signal)
  if (onEvent !== undefined && typeof onEvent !== 'function') throw wrong('onEvent', 'a function', onEvent)
  return {
    settings: runSettings(all, policy),
    isolation: isolation(all.isolation, policy),
    signal,
    stopMs: number(all.stopMs, 'stopMs', 0, longestMs, 30_000),
    onEvent: onEvent as RunRequest['onEvent'],
    progressMs: number(all.progressMs, 'progressMs', leastPeriodMs, longestMs, 500),
    metricsMs: number(all.metricsMs, 'metricsMs', leastPeriodMs, longestMs, 1000),
  }
}

function runSettings(all: Record<string, unknown>, policy: Policy): TestRunSettings {
  const options = all.options === undefined ? {} : callerOptions(all.options)
  const features = resolveFeatures(options.features)
  return {
    ...readScript(all.script),
    env: environment(all.env, policy.env),
    isBaseMode: false,
    freezesEnv: features.active.includes('freeze-env'),
    layers: { cli: () => options },
    policy,
    ...(all.grpcTransport === undefined ? {} : { grpcTransport: transport(all.grpcTransport) }),
    ...(all.threads === undefined ? {} : { threads: number(all.threads, 'threads', 1, mostThreads) }),
    hasThresholds: true,
    hasBreakdown: false,
    canResume: false,
  }
}

function transport(value: unknown): TransportName {
  if (isTransportName(value)) return value
  throw wrong('grpcTransport', transportNames.map((name) => `'${name}'`).join(' or '), value)
}

function isolation(value: unknown, policy: Policy): Isolation {
  if (value === undefined) return isolationOf(policy)
  if (value !== 'process' && value !== 'none') throw wrong('isolation', "'process' or 'none'", value)
  if (value === 'none' && policy.profile === 'untrusted') {
    throw new TypeError("runScript: isolation may be 'none' with the policy profile trusted only")
  }
  return value
}

function readScript(value: unknown): Pick<TestRunSettings, 'script' | 'scriptName'> {
  const script = record(value, 'script', ['text', 'name', 'path'])
  if (Object.hasOwn(script, 'path')) {
    if (Object.hasOwn(script, 'text')) throw new TypeError('runScript: script has either text or path, not both')
    const path = name(script.path, 'script.path')
    return { script: { mainUrl: pathToFileURL(resolve(path)).href, mainName: path }, scriptName: basename(path) }
  }
  if (typeof script.text !== 'string') throw wrong('script.text', 'a string', script.text)
  const called = script.name === undefined ? 'script.js' : name(script.name, 'script.name')
  return {
    script: { mainUrl: pathToFileURL(resolve('/', called)).href, source: script.text },
    scriptName: basename(called),
  }
}

/** A copy, so that nothing that the caller does later changes a run. */
function callerOptions(value: unknown): ReturnType<typeof parseOptions>['options'] {
  record(value, 'options')
  let copy: unknown
  try {
    copy = JSON.parse(JSON.stringify(value))
  } catch (e) {
    throw new TypeError(`runScript: options has no JSON form: ${(e as Error).message}`)
  }
  return parseOptions(copy, 'caller').options
}

/** What the policy lets through of this process's environment, and over it what the caller gives by name. */
function environment(value: unknown, allowed: Allowed): Map<string, string> {
  const own = Object.entries(value === undefined ? {} : record(value, 'env'))
  for (const [key, text] of own) if (typeof text !== 'string') throw wrong(`env.${key}`, 'a string', text)
  const patterns = new Patterns(allowed)
  const system = Object.entries(process.env).filter(([key, text]) => text !== undefined && patterns.match(key))
  return new Map([...system, ...own] as [string, string][])
}

/** An object with its own members. @param known the names it may have; any when left out */
function record(value: unknown, path: string, known?: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'an object', value)
  const unknown = Object.keys(value).find((key) => known !== undefined && !known.includes(key))
  if (unknown !== undefined) {
    throw new TypeError(`runScript: ${path} has no ${JSON.stringify(unknown)}; it may have ${known!.join(', ')}`)
  }
  return value as Record<string, unknown>
}

function name(value: unknown, path: string): string {
  if (typeof value !== 'string' || value === '') throw wrong(path, 'a string that is not empty', value)
  if (value.includes('\0')) throw new TypeError(`runScript: ${path} contains NUL`)
  return value
}

function number(value: unknown, path: string, least: number, most: number, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw wrong(path, `a whole number from ${least} to ${most}`, value)
  }
  return value as number
}

function wrong(path: string, wanted: string, value: unknown): TypeError {
  const found = value === null ? 'null' : typeof value === 'number' ? String(value) : typeof value
  return new TypeError(`runScript: ${path} must be ${wanted}, and is ${Array.isArray(value) ? 'a list' : found}`)
}

/**
 * The flags of `run`: the table of all of them, and what they say about the options of a test. The settings of the command
 * itself are in `settings.ts`. Pure: the arguments are passed in.
 */

import { isTransportName, transportNames } from '../engine/grpc-transport.js'
import { parseCidr } from '../engine/options/ip-syntax.js'
import { checkLocalIPs } from '../engine/options/local-ips.js'
import { checkTimeUnit, checkTrendStats, systemTags } from '../engine/options/metric-options.js'
import { checkHostnames, parseDns } from '../engine/options/network-options.js'
import { type Options, parseStage } from '../engine/options/option-table.js'
import type { StageSpec } from '../engine/options/scenario.js'
import { parseSegment, parseSegmentSequence } from '../engine/plan/segment.js'
import { AppError } from '../errors.js'
import { describeFlags, type FlagTable, type FlagValues, type ParsedFlags, parseFlags } from './flag-syntax.js'
import { policyFlagTable } from './policy-flags.js'

/** Flags of every command; they may stand before its name. */
export const globalFlagTable = {
  'secret-source': {
    kind: 'array',
    placeholder: 'type=config',
    help: 'where secrets come from: mock, file or url; repeatable',
  },
  'log-output': { kind: 'string', placeholder: 'target', help: 'where logs go: stderr, stdout, none or file=path' },
  'log-format': { kind: 'string', placeholder: 'format', help: 'form of log lines: text, json or raw' },
  config: { kind: 'string', short: 'c', placeholder: 'file', help: 'JSON file with options' },
  'no-color': { kind: 'boolean', help: 'no colors' },
  verbose: { kind: 'boolean', short: 'v', help: 'debug lines in the log' },
  quiet: { kind: 'boolean', short: 'q', help: 'no banner and no progress' },
  address: {
    kind: 'string',
    short: 'a',
    placeholder: 'host:port',
    help: 'where to serve the REST API; it is off without',
  },
  'profiling-enabled': { kind: 'boolean', help: 'profiling endpoints' },
} as const satisfies FlagTable

const runFlagTable = {
  vus: { kind: 'integer', short: 'u', placeholder: 'n', help: 'number of virtual users' },
  duration: { kind: 'duration', short: 'd', placeholder: '10s', help: 'how long the test lasts' },
  iterations: { kind: 'integer', short: 'i', placeholder: 'n', help: 'iterations of all virtual users together' },
  stage: { kind: 'list', short: 's', placeholder: '10s:5', help: 'a stage of a ramp, duration:target; repeatable' },
  'execution-segment': { kind: 'string', placeholder: '0:1/3', help: 'run this part of the test only' },
  'execution-segment-sequence': { kind: 'string', placeholder: '0,1/3,1', help: 'all parts of the test' },
  paused: { kind: 'boolean', short: 'p', help: 'wait for the REST API to resume the test' },
  'no-setup': { kind: 'boolean', help: 'do not run setup()' },
  'no-teardown': { kind: 'boolean', help: 'do not run teardown()' },
  'max-redirects': { kind: 'integer', placeholder: 'n', help: 'redirects that an HTTP request follows' },
  batch: { kind: 'integer', placeholder: 'n', help: 'open requests of an HTTP batch' },
  'batch-per-host': { kind: 'integer', placeholder: 'n', help: 'the same for each host' },
  rps: { kind: 'integer', placeholder: 'n', help: 'HTTP requests per second of all VUs' },
  'user-agent': { kind: 'string', placeholder: 'text', help: 'user agent' },
  'http-debug': {
    kind: 'string',
    bareValue: 'headers',
    placeholder: 'full',
    help: 'log the headers of all calls; full: messages too',
  },
  'insecure-skip-tls-verify': { kind: 'boolean', help: 'do not verify TLS certificates' },
  'no-connection-reuse': { kind: 'boolean', help: 'a connection for each HTTP request' },
  'no-vu-connection-reuse': { kind: 'boolean', help: 'HTTP connections last for an iteration' },
  'min-iteration-duration': { kind: 'duration', placeholder: '1s', help: 'an iteration takes at least this long' },
  throw: { kind: 'boolean', short: 'w', help: 'failed requests throw' },
  'blacklist-ip': { kind: 'list', placeholder: '10.0.0.0/8', help: 'never call this network; repeatable' },
  'block-hostnames': { kind: 'list', placeholder: '*.host', help: 'never call these hosts; repeatable' },
  'summary-trend-stats': { kind: 'list', placeholder: 'avg,p(95)', help: 'columns of trends in the summary' },
  'summary-time-unit': { kind: 'string', placeholder: 'ms', help: 'unit of times in the summary: s, ms or us' },
  'system-tags': { kind: 'list', placeholder: 'a,b', help: 'system tags that samples get' },
  tag: { kind: 'array', placeholder: 'name=value', help: 'a tag on every sample; repeatable' },
  'console-output': { kind: 'string', placeholder: 'file', help: 'where console.log() of the script goes' },
  'discard-response-bodies': { kind: 'boolean', help: 'keep no bodies of HTTP responses' },
  'local-ips': { kind: 'string', placeholder: 'ranges', help: 'source addresses, ranges or networks of virtual users' },
  dns: { kind: 'string', placeholder: 'ttl=5m,…', help: 'how names are resolved: ttl, select, policy' },
  'include-system-env-vars': { kind: 'boolean', help: 'pass the environment to the script (default true)' },
  'compatibility-mode': { kind: 'string', placeholder: 'mode', help: 'extended or base' },
  type: { kind: 'string', short: 't', placeholder: 'js', help: 'kind of test' },
  env: { kind: 'array', short: 'e', placeholder: 'NAME=value', help: 'a variable for the script; repeatable' },
  'no-thresholds': { kind: 'boolean', help: 'do not check thresholds' },
  'summary-mode': { kind: 'string', placeholder: 'mode', help: 'summary at the end: compact, full or disabled' },
  'summary-export': { kind: 'string', placeholder: 'file', help: 'write the summary to a JSON file' },
  'new-machine-readable-summary': {
    kind: 'boolean',
    help: 'another shape of --summary-export and of what handleSummary gets',
  },
  'traces-output': { kind: 'string', placeholder: 'none', help: 'where traces go' },
  out: {
    kind: 'array',
    short: 'o',
    placeholder: 'name=arg',
    help: 'where samples go: json=file, csv=file, html=file, opentelemetry, experimental-prometheus-rw; repeatable',
  },
  linger: { kind: 'boolean', short: 'l', help: 'wait for Ctrl-C when the test is done' },
  'no-usage-report': { kind: 'boolean', help: 'accepted; nothing is ever reported to anyone' },
  features: { kind: 'list', placeholder: 'a,b', help: 'features to switch on: freeze-env, merge-run-tags; repeatable' },
  threads: { kind: 'integer', placeholder: 'n', help: 'worker threads that the virtual users share' },
  'grpc-transport': { kind: 'string', placeholder: 'name', help: 'what carries gRPC: direct (the default) or grpc-js' },
  ...policyFlagTable,
  lock: { kind: 'string', placeholder: 'file', help: 'hashes of remote modules (default belljar.lock.json, if there)' },
  'update-lock': { kind: 'boolean', help: 'write the lock file from the remote modules as they are now' },
  ...globalFlagTable,
} as const satisfies FlagTable

const inspectFlagTable = {
  'execution-requirements': { kind: 'boolean', help: 'put all options together, and show how long and how many VUs' },
  ...runFlagTable,
} as const satisfies FlagTable

/** Flags of k6 that are known and refused: what they are for is not there. */
const unsupported = new Map<string, string>([
  ['traces-output', 'traces are not supported; leave --traces-output (K6_TRACES_OUTPUT) out'],
  ['profiling-enabled', 'profiling endpoints are not supported; leave --profiling-enabled (K6_PROFILING_ENABLED) out'],
])

/** The command line of `run`, taken apart. */
export interface RunFlags extends ParsedCommand<typeof runFlagTable> {}

/** That of `inspect`. */
export interface InspectFlags extends ParsedCommand<typeof inspectFlagTable> {}

interface ParsedCommand<T extends FlagTable> {
  readonly isHelp: boolean
  /** Path of the script, or `-` for standard input. Empty with `isHelp`. */
  readonly script: string
  /** The flags that were given, by name. */
  readonly values: FlagValues<T>
}

/**
 * Finds the command among global flags in front of it: `-v run x.js` is `run`.
 *
 * @returns the first positional, or undefined, and the other arguments in their order
 */
export function findCommand(argv: readonly string[]): { command: string | undefined; args: string[] } {
  const takesValue = (arg: string) => {
    const found = Object.entries<FlagTable[string]>(globalFlagTable).find(
      ([name, spec]) => arg === `--${name}` || (spec.short !== undefined && arg === `-${spec.short}`),
    )
    return found !== undefined && found[1].kind !== 'boolean'
  }
  for (let index = 0; index < argv.length; index++) {
    const arg = argv[index] ?? ''
    if (takesValue(arg)) index++
    else if (!arg.startsWith('-')) return { command: arg, args: [...argv.slice(0, index), ...argv.slice(index + 1)] }
  }
  return { command: undefined, args: [...argv] }
}

/**
 * Takes the command line of `run` apart.
 *
 * @param argv without program and command name
 * @throws {AppError} USAGE (exit code 255) in k6's words, or NOT_SUPPORTED
 */
export function parseRunFlags(argv: readonly string[]): RunFlags {
  return checkFlags(parseFlags(runFlagTable, argv))
}

/** Takes the command line of `inspect` apart; it has the flags of `run` and one of its own. @throws as parseRunFlags */
export function parseInspectFlags(argv: readonly string[]): InspectFlags {
  return checkFlags(parseFlags(inspectFlagTable, argv))
}

function checkFlags<T extends typeof runFlagTable>(parsed: ParsedFlags<T>): ParsedCommand<T> {
  const { positionals, isHelp } = parsed
  const values: FlagValues<typeof runFlagTable> = parsed.values
  if (isHelp) return { isHelp, script: '', values: {} }
  if (positionals.length !== 1) {
    throw new AppError(
      'USAGE',
      `accepts 1 arg(s), received ${positionals.length}: arg should either be "-", if reading script from stdin, or a path to a script file`,
    )
  }
  for (const name of unsupported.keys()) refuseUnsupported(name, values[name as keyof typeof values])
  if (values.type === 'archive') refuseArchive()
  checkThreads(values.threads)
  checkTransport(values['grpc-transport'])
  return { isHelp, script: positionals[0] ?? '', values: parsed.values }
}

/** Refuses a flag, or the K6_ variable for it, that asks for something not supported. @throws {AppError} NOT_SUPPORTED */
export function refuseUnsupported(name: string, value: boolean | number | string | string[] | undefined): void {
  const asksForNothing = value === undefined || value === false || value === '' || value === 'none'
  if (asksForNothing || (Array.isArray(value) && value.every((text) => text === ''))) return
  throw new AppError('NOT_SUPPORTED', unsupported.get(name) ?? `--${name} is not supported`, {
    details: { flag: name },
  })
}

/** @throws {AppError} NOT_SUPPORTED, always */
export function refuseArchive(): void {
  throw new AppError('NOT_SUPPORTED', 'archives are not supported; pass a script and leave --type (K6_TYPE) out')
}

function checkThreads(threads: number | undefined): void {
  if (threads !== undefined && threads < 1) {
    throw new AppError('USAGE', `invalid argument "${threads}" for "--threads" flag: at least 1 thread is needed`)
  }
}

function checkTransport(name: string | undefined): void {
  if (name === undefined || isTransportName(name)) return
  const known = transportNames.join(' or ')
  throw new AppError('USAGE', `invalid argument "${name}" for "--grpc-transport" flag: it is ${known}`)
}

/** The help text of `run`: what works, and nothing else. */
export function runHelp(program: string): string {
  const hidden = new Set(unsupported.keys())
  return [
    'Run a test.',
    '',
    `Usage: ${program} run [flags] <script.js or ->`,
    '',
    'Flags:',
    describeFlags(runFlagTable, hidden),
    '',
    'Most flags have a K6_ variable of the same name. Flags win over variables, variables over the options of the script.',
    '',
  ].join('\n')
}

/** The help text of `inspect`. */
export function inspectHelp(program: string): string {
  const own = { 'execution-requirements': inspectFlagTable['execution-requirements'] }
  return [
    'Show the options of a script as JSON. Runs no VU.',
    '',
    `Usage: ${program} inspect [flags] <script.js or ->`,
    '',
    'Flags, besides those of run:',
    describeFlags(own, new Set()),
    '',
  ].join('\n')
}

/** Turns what cannot be read into an error of usage, which ends the command with 255. */
export function usage<T>(read: () => T, describe: (reason: string) => string = (reason) => reason, hint?: string): T {
  try {
    return read()
  } catch (e) {
    throw new AppError('USAGE', describe((e as Error).message), { cause: e, ...(hint === undefined ? {} : { hint }) })
  }
}

/**
 * The options that the command line sets: the strongest layer of `consolidateOptions`.
 *
 * @throws {AppError} USAGE (exit code 255) in k6's words
 */
export function flagOptions({ values }: RunFlags): Options {
  const segment = values['execution-segment']
  const sequence = values['execution-segment-sequence']
  const hostnames = values['block-hostnames']
  const localIPs = values['local-ips']
  const stats = values['summary-trend-stats']
  const unit = values['summary-time-unit']
  const { dns } = values
  return {
    paused: values.paused,
    vus: values.vus,
    durationMs: values.duration,
    iterations: values.iterations,
    stages: values.stage?.map(stageAt),
    executionSegment: segment === undefined ? undefined : usage(() => parseSegment(segment)),
    executionSegmentSequence: sequence === undefined ? undefined : usage(() => parseSegmentSequence(sequence)),
    noSetup: values['no-setup'],
    noTeardown: values['no-teardown'],
    maxRedirects: values['max-redirects'],
    batch: values.batch,
    batchPerHost: values['batch-per-host'],
    rps: values.rps,
    userAgent: values['user-agent'],
    httpDebug: values['http-debug'],
    insecureSkipTLSVerify: values['insecure-skip-tls-verify'],
    noConnectionReuse: values['no-connection-reuse'],
    noVUConnectionReuse: values['no-vu-connection-reuse'],
    minIterationDurationMs: values['min-iteration-duration'],
    throw: values.throw,
    discardResponseBodies: values['discard-response-bodies'],
    systemTags: values['system-tags'] && systemTags(values['system-tags']),
    blacklistIPs: values['blacklist-ip']?.map((network) =>
      usage(
        () => parseCidr(network),
        (reason) => `error parsing blacklist-ip '${network}': ${reason}`,
      ),
    ),
    blockHostnames: hostnames && usage(() => checkHostnames(hostnames)),
    localIPs: localIPs
      ? usage(
          () => checkLocalIPs(localIPs),
          (reason) => reason,
          '--local-ips takes addresses, ranges (a-b) and networks, separated by commas',
        )
      : undefined,
    summaryTrendStats: stats && usage(() => checkTrendStats(stats)),
    summaryTimeUnit: unit ? usage(() => checkTimeUnit(unit)) : undefined,
    tags: values.tag && new Map(values.tag.map(parseTag)),
    consoleOutput: values['console-output'] || undefined,
    dns: dns ? usage(() => parseDns(dns)) : undefined,
    out: values.out,
    linger: values.linger,
    features: values.features,
    noUsageReport: values['no-usage-report'],
  }
}

function stageAt(text: string, index: number): StageSpec {
  const stage = usage(
    () => parseStage(text),
    (reason) => `error for stage ${index}: ${reason}`,
  )
  if (stage.durationMs === undefined) throw new AppError('USAGE', `stage ${index} doesn't have a specified duration`)
  return stage
}

function parseTag(text: string): [string, string] {
  const refuse = (reason: string) => new AppError('USAGE', `error parsing tag '${text}': invalid tag, empty ${reason}`)
  if (text === '') throw refuse('string')
  const equals = text.indexOf('=')
  if (equals === 0) throw refuse('name')
  if (equals < 0 || equals === text.length - 1) throw refuse('value')
  return [text.slice(0, equals), text.slice(equals + 1)]
}

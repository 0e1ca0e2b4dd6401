/**
 * The settings of the command itself, as opposed to the options of a test: flags, then K6_ variables, then defaults. Pure:
 * flags and environment are passed in.
 */

import type { TransportName } from '../engine/grpc-transport.js'
import { AppError } from '../errors.js'
import { parseBool } from '../go/number.js'
import { Patterns } from '../policy/patterns.js'
import type { Allowed } from '../policy/policy.js'
import { type RunFlags, refuseArchive, refuseUnsupported, usage } from './flags.js'

export type Environment = Readonly<Record<string, string | undefined>>

/** What the environment says about the command itself; options of the test are read by `parseEnvironment`. */
export interface EnvironmentFlags {
  readonly type?: string
  readonly compatibilityMode?: string
  readonly includeSystemEnvVars?: boolean
  readonly noThresholds?: boolean
  readonly summaryMode?: string
  readonly summaryExport?: string
  readonly newMachineReadableSummary?: boolean
  readonly config?: string
  readonly secretSource?: string
  readonly logOutput?: string
  readonly logFormat?: string
  readonly noColor: boolean
  readonly address?: string
}

/**
 * Reads the K6_ variables that are about the command.
 *
 * @throws {AppError} USAGE for a variable that is no boolean, NOT_SUPPORTED for one that asks for what is not there
 */
export function environmentFlags(env: Environment): EnvironmentFlags {
  const get = (name: string) => (Object.hasOwn(env, name) ? env[name] : undefined)
  const getBool = (name: string) => {
    const text = get(name)
    if (text === undefined) return undefined
    return usage(
      () => parseBool(text),
      (reason) => `env var '${name}' is not a valid boolean value: ${reason}`,
    )
  }
  refuseUnsupported('traces-output', get('K6_TRACES_OUTPUT'))
  refuseUnsupported('profiling-enabled', get('K6_PROFILING_ENABLED'))
  return {
    type: get('K6_TYPE'),
    compatibilityMode: get('K6_COMPATIBILITY_MODE'),
    includeSystemEnvVars: getBool('K6_INCLUDE_SYSTEM_ENV_VARS'),
    noThresholds: getBool('K6_NO_THRESHOLDS'),
    summaryMode: get('K6_SUMMARY_MODE'),
    summaryExport: get('K6_SUMMARY_EXPORT'),
    newMachineReadableSummary: getBool('K6_NEW_MACHINE_READABLE_SUMMARY'),
    config: get('K6_CONFIG'),
    secretSource: get('K6_SECRET_SOURCE'),
    logOutput: get('K6_LOG_OUTPUT'),
    logFormat: get('K6_LOG_FORMAT'),
    address: get('K6_ADDRESS'),
    noColor: Boolean(get('K6_NO_COLOR')) || get('NO_COLOR') !== undefined,
  }
}

/** The settings of the command itself, complete. */
export interface RunSettings {
  /** `base` leaves the name `global` out of scripts. */
  readonly compatibilityMode: 'extended' | 'base'
  /** `__ENV` of the script: the environment if it is included, then what `-e` says. */
  readonly scriptEnv: ReadonlyMap<string, string>
  readonly noThresholds: boolean
  readonly summaryMode: 'compact' | 'full' | 'disabled'
  readonly summaryExport?: string
  /** The shape of --summary-export, and of what handleSummary gets. */
  readonly hasMachineSummary: boolean
  readonly configPath: string
  /** False when the path is the default, where a missing file is no error. */
  readonly hasConfigPath: boolean
  /** Where secrets come from: values of --secret-source. */
  readonly secretSources: readonly string[]
  readonly logOutput: string
  readonly logFormat: string
  readonly noColor: boolean
  readonly isQuiet: boolean
  readonly isVerbose: boolean
  /** Where to serve the REST API; undefined for nowhere. */
  readonly address?: string
  /** Worker threads; undefined leaves the choice to the engine. */
  readonly threads?: number
  /** What carries calls of gRPC; undefined leaves the choice to the engine. */
  readonly grpcTransport?: TransportName
  /** A file for what the policy refuses. */
  readonly auditLog?: string
  /** The lock file of remote modules; undefined is the one beside the script. */
  readonly lockPath?: string
  readonly updatesLock: boolean
}

/** What of the system's environment a script may see. */
export interface SystemEnvironment {
  /** Whether it sees any of it when nobody says so; true without. */
  readonly includesSystemEnv?: boolean
  /** The names that the policy lets it see. */
  readonly env?: Allowed
}

/**
 * Everything about the command that is no option of the test. Flags win over the environment.
 *
 * @throws {AppError} USAGE (exit code 255) in k6's words, or NOT_SUPPORTED
 */
export function runSettings(
  { values }: RunFlags,
  env: Environment,
  { includesSystemEnv = true, env: allowedEnv = 'all' }: SystemEnvironment = {},
): RunSettings {
  const fromEnv = environmentFlags(env)
  if ((values.type ?? fromEnv.type) === 'archive') refuseArchive()
  const includesSystem = values['include-system-env-vars'] ?? fromEnv.includeSystemEnvVars ?? includesSystemEnv
  const config = values.config ?? fromEnv.config
  const defaultConfig = defaultConfigPath(env)
  return {
    compatibilityMode: compatibilityMode(values['compatibility-mode'] ?? fromEnv.compatibilityMode ?? ''),
    scriptEnv: scriptEnv(includesSystem ? env : {}, new Patterns(allowedEnv), values.env ?? []),
    noThresholds: values['no-thresholds'] ?? fromEnv.noThresholds ?? false,
    summaryMode: summaryMode(values['summary-mode'] ?? fromEnv.summaryMode ?? ''),
    summaryExport: (values['summary-export'] ?? fromEnv.summaryExport) || undefined,
    hasMachineSummary: values['new-machine-readable-summary'] ?? fromEnv.newMachineReadableSummary ?? false,
    configPath: config ?? defaultConfig,
    hasConfigPath: config !== undefined && config !== defaultConfig,
    secretSources: values['secret-source'] ?? (fromEnv.secretSource ? [fromEnv.secretSource] : []),
    logOutput: values['log-output'] ?? fromEnv.logOutput ?? 'stderr',
    logFormat: values['log-format'] ?? fromEnv.logFormat ?? '',
    noColor: values['no-color'] ?? fromEnv.noColor,
    isQuiet: values.quiet ?? false,
    isVerbose: values.verbose ?? false,
    address: (values.address ?? fromEnv.address) || undefined,
    threads: values.threads,
    ...(values['grpc-transport'] === undefined ? {} : { grpcTransport: values['grpc-transport'] as TransportName }),
    ...(values.lock === undefined ? {} : { lockPath: values.lock }),
    updatesLock: values['update-lock'] ?? false,
    ...(values['audit-log'] === undefined ? {} : { auditLog: values['audit-log'] }),
  }
}

function defaultConfigPath(env: Environment): string {
  const folder = env.XDG_CONFIG_HOME || (env.HOME ? `${env.HOME}/.config` : '.config')
  return `${folder}/k6/config.json`
}

function compatibilityMode(mode: string): RunSettings['compatibilityMode'] {
  if (mode === '' || mode === 'extended' || mode === 'experimental_enhanced') return 'extended'
  if (mode === 'base') return 'base'
  throw new AppError('USAGE', `invalid compatibility mode "${mode}". Use: "extended", "base", "experimental_enhanced"`)
}

function summaryMode(mode: string): RunSettings['summaryMode'] {
  if (mode === '' || mode === 'compact') return 'compact'
  if (mode === 'full' || mode === 'disabled') return mode
  throw new AppError('USAGE', 'invalid summary mode', { hint: `'${mode}' is not one of compact, full and disabled` })
}

function scriptEnv(system: Environment, allowed: Patterns, pairs: readonly string[]): Map<string, string> {
  const result = new Map<string, string>()
  for (const [name, value] of Object.entries(system)) {
    if (value !== undefined && allowed.match(name)) result.set(name, value)
  }
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
    if (!/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name)) {
      throw new AppError('USAGE', `invalid environment variable name '${name}'`)
    }
    result.set(name, value)
  }
  return result
}

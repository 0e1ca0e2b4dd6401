/** What `run`, `inspect` and `check` tell the engine of a test: the script, and the options beside those of the script. */
import { readFileSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { resolveFeatures } from '../../engine/options/features.js'
import { type Options, parseConfigFile, parseEnvironment } from '../../engine/options/options.js'
import type { LoadRequest } from '../../engine/run-config.js'
import type { Observer, TestRunSettings } from '../../engine/test-run-settings.js'
import { AppError } from '../../errors.js'
import type { Policy } from '../../policy/policy.js'
import type { Logger } from '../../report/logger.js'
import type { Redactor } from '../../report/redaction.js'
import { isRemote, remoteUrl } from '../../script/resolve.js'
import type { AuditLog } from '../audit-log.js'
import { flagOptions, type RunFlags } from '../flags.js'
import { readLock } from '../lock-file.js'
import type { RunSettings } from '../settings.js'

/** @throws {AppError} for a configuration file or a variable that cannot be read */
export function testRunSettings(
  flags: RunFlags,
  settings: RunSettings,
  policy: Policy,
  logger: Logger,
): TestRunSettings {
  const { layers, ...script } = scriptSettings(flags.script, settings, policy, logger, flags.values.features)
  return {
    ...script,
    layers: { ...layers, cli: () => flagOptions(flags) },
    ...(settings.threads === undefined ? {} : { threads: settings.threads }),
    ...(settings.grpcTransport === undefined ? {} : { grpcTransport: settings.grpcTransport }),
    hasThresholds: !settings.noThresholds,
    hasBreakdown: settings.summaryMode === 'full',
    canResume: settings.address !== undefined,
  }
}

/** What every command tells of a script. @throws {AppError} for a configuration file or a variable that cannot be read */
export function scriptSettings(
  script: string,
  settings: RunSettings,
  policy: Policy,
  logger: Logger,
  flagFeatures?: RunFlags['values']['features'],
): Pick<
  TestRunSettings,
  'script' | 'scriptName' | 'env' | 'isBaseMode' | 'freezesEnv' | 'layers' | 'policy' | 'secrets'
> {
  const { file } = configFile(settings, logger)
  const env = parseEnvironment(process.env)
  const features = resolveFeatures(flagFeatures, env.features, file?.features)
  return {
    script: scriptSource(script, settings),
    scriptName: script === '-' ? '-' : basename(script),
    env: settings.scriptEnv,
    isBaseMode: settings.compatibilityMode === 'base',
    freezesEnv: features.active.includes('freeze-env'),
    layers: { ...(file === undefined ? {} : { file }), env },
    policy,
    secrets: {
      specs: settings.secretSources,
      environment: process.env,
      readFile: (path) => readFileSync(path, 'utf8'),
    },
  }
}

/** Sends what the engine tells of a run to the logs. */
export const observerOf = (logger: Logger, redactor: Redactor, audit: AuditLog): Observer => ({
  log: (line) => logger.log({ ...line, time: new Date(line.timeMs) }),
  audit: (record) => audit.add(record),
  secret: (secret) => redactor.add(secret),
})

/** Where the main module comes from. */
function scriptSource(script: string, settings: RunSettings): LoadRequest {
  const lock = readLock(script, settings)
  const locked = lock === undefined ? {} : { lock }
  if (script === '-') {
    return { mainUrl: pathToFileURL(resolve('-')).href, source: readFileSync(0, 'utf8'), isNameless: true, ...locked }
  }
  const mainUrl = isRemote(script) ? remoteUrl(script) : pathToFileURL(resolve(script)).href
  return { mainUrl, mainName: script, ...locked }
}

function configFile(settings: RunSettings, logger: Logger): { file?: Options } {
  let text: string
  try {
    text = readFileSync(settings.configPath, 'utf8')
  } catch (e) {
    const code = (e as NodeJS.ErrnoException).code ?? 'unknown error'
    if (!settings.hasConfigPath) {
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        logger.warning(`the config file ${settings.configPath} was not read: ${code}`)
      return {}
    }
    const why = code === 'ENOENT' ? 'no such file or directory' : code
    throw new AppError(
      'OPTIONS_INVALID',
      `failed to load the configuration file from the local file system: stat ${settings.configPath}: ${why}`,
    )
  }
  const { options, warnings } = parseConfigFile(text, settings.configPath)
  for (const { message, error } of warnings) logger.warning(message, error === undefined ? {} : { error })
  return { file: options }
}

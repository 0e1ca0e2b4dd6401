/** The flags of `check`. Those that it shares with `run` mean the same. Pure: the arguments are passed in. */
import { AppError } from '../errors.js'
import { describeFlags, type FlagTable, type FlagValues, parseFlags } from './flag-syntax.js'
import { globalFlagTable, refuseUnsupported } from './flags.js'
import { policyFlagTable } from './policy-flags.js'

const checkFlagTable = {
  json: { kind: 'boolean', help: 'what was found as JSON' },
  env: { kind: 'array', short: 'e', placeholder: 'NAME=value', help: 'a variable for the scripts; repeatable' },
  'include-system-env-vars': { kind: 'boolean', help: 'pass the environment to the scripts (default true)' },
  'compatibility-mode': { kind: 'string', placeholder: 'mode', help: 'extended or base' },
  ...policyFlagTable,
  ...globalFlagTable,
} as const satisfies FlagTable

const unsupported = ['address', 'profiling-enabled', 'secret-source'] as const

/** The command line of `check`, taken apart. */
export interface CheckFlags {
  readonly isHelp: boolean
  /** Paths, at least one; empty with `isHelp`. */
  readonly scripts: readonly string[]
  readonly values: FlagValues<typeof checkFlagTable>
}

/**
 * Takes the command line of `check` apart.
 *
 * @param argv without program and command name
 * @throws {AppError} USAGE (exit code 255), or NOT_SUPPORTED
 */
export function parseCheckFlags(argv: readonly string[]): CheckFlags {
  const { values, positionals, isHelp } = parseFlags(checkFlagTable, argv)
  if (isHelp) return { isHelp, scripts: [], values: {} }
  if (positionals.length === 0) {
    throw new AppError('USAGE', 'requires at least 1 arg(s), received 0: the paths of the scripts to check', {
      hint: 'belljar check script.js',
    })
  }
  for (const name of unsupported) refuseUnsupported(name, values[name])
  return { isHelp, scripts: positionals, values }
}

/** The help text of `check`. */
export function checkHelp(program: string): string {
  return [
    'Find mistakes in scripts: one iteration of each scenario, without a server and without waiting.',
    '',
    `Usage: ${program} check [flags] <script.js>...`,
    '',
    'Flags:',
    describeFlags(checkFlagTable, new Set(unsupported)),
    '',
    'The exit code is 0 when there is no error, also when there are warnings.',
    '',
  ].join('\n')
}

/** The command: finds which command is meant, and turns what it throws into one readable message and an exit code. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, ExitCode, isAppError } from '../errors.js'
import { packageRoot } from '../package-root.js'
import { cleanText } from '../report/clean-text.js'
import { checkHelp } from './check-flags.js'
import { check } from './commands/check.js'
import { inspect } from './commands/inspect.js'
import { run } from './commands/run.js'
import { findCommand, inspectHelp, runHelp } from './flags.js'

const help = `belljar runs k6 test scripts, each virtual user in a sealed VM.

Usage:
  belljar run [flags] FILE     run a script; - reads it from standard input
  belljar run --help           all flags of run
  belljar inspect FILE         show the options of a script as JSON
  belljar check FILE...        find mistakes in scripts without running them
  belljar version              show the version
`

function version(): string {
  const { version } = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as { version: string }
  return `belljar ${version} (Node.js ${process.version})\n`
}

async function main(argv: readonly string[]): Promise<number> {
  const { command, args } = findCommand(argv)
  switch (command) {
    case 'run':
      return run(args, runHelp('belljar'))
    case 'inspect':
      return inspect(args, inspectHelp('belljar'))
    case 'check':
      return check(args, checkHelp('belljar'))
    case 'version':
      process.stdout.write(version())
      return ExitCode.ok
    case 'help':
    case undefined:
      if (args.includes('--version')) process.stdout.write(version())
      else process.stdout.write(help)
      return ExitCode.ok
  }
  throw new AppError('USAGE', `unknown command "${command}" for "belljar"`, { hint: 'belljar run FILE' })
}

/** What goes wrong before there is a log is told in its plain text form, as k6 does. */
function tell(e: unknown): number {
  const text = e instanceof Error ? e.message : String(e)
  const hint = isAppError(e) && e.hint !== undefined ? ` hint="${cleanText(e.hint)}"` : ''
  const time = new Date().toISOString().replace(/\.\d+Z$/, 'Z')
  process.stderr.write(`time="${time}" level=error msg="${cleanText(text).replaceAll('"', '\\"')}"${hint}\n`)
  return isAppError(e) ? e.exitCode : ExitCode.internal
}

// Whoever reads the output may stop reading (`| head`): the run goes on, and its exit code is its own.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

main(process.argv.slice(2))
  .catch(tell)
  .then((code) => {
    process.exitCode = code
  })

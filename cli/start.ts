/**
 * The first lines of the command. A thread for the script takes as long to start as the command takes to load and to read its
 * flags, so both are done at the same time.
 */
import { startWorkerAhead } from '../engine/thread-worker.js'
import { trustedLimits } from '../policy/limits.js'

const commands: ReadonlySet<string> = new Set(['run', 'inspect', 'check'])
/** With one of these, no thread is wanted here, or one with other limits. */
const otherwise = /^(-h|--help|--profile|--policy|--limit)/

/** A guess at what the arguments mean: whoever is wrong has started a thread that nobody needs. */
function wantsThread(argv: readonly string[]): boolean {
  return argv.some((arg) => commands.has(arg)) && !argv.some((arg) => otherwise.test(arg))
}

function startThread(): void {
  try {
    startWorkerAhead(trustedLimits)
  } catch {
    // It fails again where somebody is told.
  }
}

if (wantsThread(process.argv.slice(2))) startThread()
void import('./main.js')

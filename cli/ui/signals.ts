/** Ctrl-C: the first one ends the run in order, the second one ends the process. */
import type { Run } from '../../engine/run.js'
import { AppError, ExitCode } from '../../errors.js'
import type { Logger } from '../../report/logger.js'

const names = { SIGINT: 'interrupt', SIGTERM: 'terminated' } as const

/** Listens until the function returned is called. */
export function onSignals(test: Run, logger: Logger): () => void {
  let count = 0
  const handle = (signal: NodeJS.Signals) => {
    const name = names[signal as keyof typeof names]
    count++
    if (count > 1) {
      logger.error('Aborting belljar in response to signal', { sig: name })
      process.exit(ExitCode.externalAbort)
    }
    test.abort(new AppError('INTERRUPTED', `test run was aborted because belljar received a '${name}' signal`))
  }
  for (const signal of Object.keys(names) as NodeJS.Signals[]) process.on(signal, handle)
  return () => {
    for (const signal of Object.keys(names) as NodeJS.Signals[]) process.off(signal, handle)
  }
}

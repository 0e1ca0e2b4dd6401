/** Where a run goes on: that of a script that is trusted here, in threads of this process, any other in a process of its own. */
import { AppError } from '../errors.js'
import type { Policy } from '../policy/policy.js'
import type { Run } from './run.js'
import { TestRun } from './test-run.js'
import type { Observer, TestRunSettings } from './test-run-settings.js'

/** `process`: a process of its own. `none`: threads of this process. */
export type Isolation = 'process' | 'none'

export const isolationOf = (policy: Policy): Isolation => (policy.profile === 'untrusted' ? 'process' : 'none')

/** @throws {AppError} USAGE for a script that is not trusted and no isolation */
export async function newRun(
  settings: TestRunSettings,
  observer: Observer,
  isolation = isolationOf(settings.policy),
): Promise<Run> {
  if (isolation === 'process') {
    const { IsolatedRun } = await import('./isolation/isolated-run.js')
    return new IsolatedRun(settings, observer)
  }
  if (settings.policy.profile === 'untrusted') {
    throw new AppError('USAGE', 'a script that is not trusted needs a process of its own', {
      hint: 'leave `isolation` out, or use the profile trusted',
    })
  }
  return new TestRun(settings, observer)
}

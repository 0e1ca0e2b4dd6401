/** Where a run goes on: that of a script that is trusted here, in threads of this process, any other in a process of its own. */
import { IsolatedRun } from './isolation/isolated-run.js'
import type { Run } from './run.js'
import { TestRun } from './test-run.js'
import type { Observer, TestRunSettings } from './test-run-settings.js'

export function newRun(settings: TestRunSettings, observer: Observer): Run {
  return settings.policy.profile === 'untrusted' ? new IsolatedRun(settings, observer) : new TestRun(settings, observer)
}

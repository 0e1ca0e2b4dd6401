import assert from 'node:assert/strict'
import { type RunEvent, type RunScriptOptions, runScript } from '../../index.js'

/** Stops the run when `isTime` is true of an event. */
function stoppedWhen(text: string, isTime: (event: RunEvent) => boolean, options: Partial<RunScriptOptions> = {}) {
  const stop = new AbortController()
  const lines: string[] = []
  const onEvent = (event: RunEvent) => {
    if (event.type === 'log' && event.line.fields.source === 'console') lines.push(event.line.msg)
    if (isTime(event)) stop.abort()
  }
  const policy = { profile: 'trusted' } as const
  const settings = { script: { text }, threads: 1, policy, progressMs: 50, signal: stop.signal, onEvent, ...options }
  return runScript(settings).then((outcome) => ({ outcome, lines }))
}

const says = (text: string) => (event: RunEvent) => event.type === 'log' && event.line.msg === text

describe('runScript: the signal', function () {
  this.timeout(60_000)

  it('runs nothing when it was there before', async () => {
    const lines: string[] = []
    const outcome = await runScript({
      script: { text: 'console.log("init"); export default () => {}' },
      signal: AbortSignal.abort(),
      onEvent: (event) => event.type === 'log' && lines.push(event.line.msg),
    })
    assert.deepEqual([outcome.status, outcome.exitCode, outcome.error?.code], ['stopped', 105, 'INTERRUPTED'])
    assert.deepEqual(lines, [])
  })

  it('ends init code that does not end by itself', async () => {
    const { outcome } = await stoppedWhen('console.log("init"); for (;;); export default () => {}', says('init'), {
      signal: AbortSignal.timeout(300),
    })
    assert.equal(outcome.status, 'stopped')
  })

  it('ends iterations at once, and lets teardown and handleSummary run', async () => {
    for (const profile of ['trusted', 'untrusted'] as const) {
      const { outcome, lines } = await stoppedWhen(
        `import { sleep } from 'k6'
        export default () => { console.log('going'); sleep(60); console.log('not reached') }
        export const teardown = () => console.log('teardown')
        export const handleSummary = () => ({ stdout: 'summary' })`,
        says('going'),
        { policy: { profile } },
      )
      assert.deepEqual([outcome.status, outcome.exitCode], ['stopped', 105])
      assert.deepEqual(lines, ['going', 'teardown'])
      assert.deepEqual(outcome.iterations, { completed: 0, interrupted: 1 })
      assert.equal(outcome.files.get('stdout'), 'summary')
    }
  })

  it('ends a run that takes too long to end in order, with what was measured', async () => {
    const { outcome, lines } = await stoppedWhen(
      `import { sleep } from 'k6'
      import { Counter } from 'k6/metrics'
      const steps = new Counter('steps')
      export default () => { steps.add(1); sleep(0.2); console.log('going'); sleep(60) }
      export const teardown = () => { console.log('teardown'); sleep(50); console.log('not reached') }`,
      says('going'),
      { stopMs: 500 },
    )
    assert.equal(outcome.status, 'stopped')
    assert.match(outcome.error!.message, /at once since it did not end in 500 ms/)
    assert.ok(!lines.includes('not reached'))
    assert.equal(outcome.metrics.steps?.values.count, 1)
  })

  it('leaves the signal alone when the run is over', async () => {
    const stop = new AbortController()
    const outcome = await runScript({
      script: { text: 'export default () => {}' },
      policy: { profile: 'trusted' },
      signal: stop.signal,
    })
    stop.abort()
    assert.equal(outcome.status, 'passed')
  })
})

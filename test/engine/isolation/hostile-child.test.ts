import assert from 'node:assert/strict'
import { join } from 'node:path'
import { IsolatedRun } from '../../../engine/isolation/isolated-run.js'
import { packageRoot } from '../../../package-root.js'
import { isolatedSettings, runIsolated } from '../../support/isolated.js'
import { isRunning, watchTemporaryFiles } from './traces.js'

const program = join(packageRoot, 'build/test/engine/isolation/hostile-child.js')
const asMode = (scriptName: string) => ({ program, settings: { scriptName } })

describe('a process that a script has taken over', () => {
  const temporaryFiles = watchTemporaryFiles()
  afterEach(() => assert.deepEqual(temporaryFiles(), []))

  const ends: Record<string, RegExp> = {
    exit: /ended before its time, with exit code 7/,
    abort: /ended before its time, by SIGABRT/,
    silence: /it gave no sign for 2 s/,
    garbage: /a message of 2779096485 bytes/,
    giant: /a message of 2147483647 bytes/,
    'giant-json': /bytes of JSON/,
    'not-json': /a message that is not JSON/,
    'no-object': /a message is not an object/,
    'no-kind': /no kind that there is/,
    'proto-state': /phase is not one of/,
    'wrong-line': /msg is not a text/,
    'wrong-field': /a field with a wrong name/,
    'wrong-time': /timeMs is not from/,
    'wrong-error': /an error without a code/,
    'wrong-result': /durationMs is not from/,
    'wrong-setup': /what setup\(\) returned is not JSON/,
    'wrong-samples': /a sample is wrong/,
    'cut-samples': /samples are cut off/,
    'far-series': /the id of a series is wrong/,
    'far-thread': /thread is not from/,
    flood: /messages within a second/,
  }
  for (const [mode, message] of Object.entries(ends)) {
    it(`is ended: ${mode}`, async () => {
      const { result } = await runIsolated('', asMode(mode))
      assert.equal(result.error?.code, 'PROCESS_LOST')
      assert.match(result.error?.message ?? '', message)
      assert.equal(result.hasBegun, true)
      assert.equal(result.hasHandleSummary, false)
    })
  }

  it('is ended for its memory, by whoever sees it first', async () => {
    const { result } = await runIsolated('', { ...asMode('memory'), limits: { hostMemoryBytes: 256 * 2 ** 20 } })
    assert.equal(result.error?.code, 'LIMIT_MEMORY')
    assert.match(result.error?.message ?? '', /hostMemoryBytes/)
  })

  it('says in vain what nobody asked for', async () => {
    const { result, run } = await runIsolated('', asMode('unasked'))
    assert.equal(result.error, undefined)
    assert.equal(result.durationMs, 1)
    const counted = run.store.get('iterations')
    assert.deepEqual(counted?.sink.type === 'counter' && counted.sink.sum, 2)
    // The series that contradicts what is known, and the one that nobody told.
    assert.equal(run.store.droppedSamples, 2)
    assert.equal(Object.hasOwn(Object.prototype, 'state'), false)
  })

  it('fills no log', async () => {
    const { lines } = await runIsolated('', { ...asMode('log-flood'), limits: { consoleBytes: 1_000_000 } })
    assert.ok(lines.length < 30)
    assert.match(lines.at(-1)?.msg ?? '', /^8\d lines of the log were dropped/)
  })

  it('fills no log with what is not in the text of a line', async () => {
    const { lines } = await runIsolated('', { ...asMode('field-flood'), limits: { consoleBytes: 1_000_000 } })
    assert.ok(lines.length < 30)
    assert.match(lines.at(-1)?.msg ?? '', /^8\d lines of the log were dropped/)
    const empty = await runIsolated('', { ...asMode('empty-flood'), limits: { consoleBytes: 1_000_000 } })
    assert.ok(empty.lines.length < 60_000)
    assert.match(empty.lines.at(-1)?.msg ?? '', /^\d{5} lines of the log were dropped/)
  })

  it('answers calls after its end with the reason of it', async () => {
    const run = new IsolatedRun(isolatedSettings('', asMode('exit')), { log() {} }, program)
    try {
      await run.prepare()
      await run.execute()
      await assert.rejects(run.handleSummary('{}'), { code: 'PROCESS_LOST', message: /exit code 7/ })
      await assert.rejects(run.runStage('setup'), { code: 'PROCESS_LOST' })
    } finally {
      await run.close()
      await run.close()
    }
    await assert.rejects(run.load(), { code: 'PROCESS_LOST' })
  })

  it('is not ended while we are the ones who are busy', async () => {
    const { result } = await runIsolated(
      `import { sleep } from 'k6'
       export const options = { iterations: 1 }
       export default () => { console.log('now'); sleep(0.1) }`,
      {
        onLine: ({ msg }) => {
          if (msg === 'now') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000)
        },
      },
    )
    assert.equal(result.error, undefined)
  })

  it('closes a run that is in the middle of anything', async () => {
    const run = new IsolatedRun(isolatedSettings('', asMode('silence')), { log() {} }, program)
    const loading = run.load()
    loading.catch(() => {})
    await run.close()
    await assert.rejects(loading, { code: 'PROCESS_LOST' })
    assert.ok(isRunning(process.pid))
  })
})

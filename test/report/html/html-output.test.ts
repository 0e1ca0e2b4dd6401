import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Thresholds } from '../../../metrics/thresholds.js'
import { HtmlOutput } from '../../../report/html/html-output.js'
import { feed, newStore, someTimeMs } from '../../metrics/run-of.js'

describe('the output html', () => {
  const folder = mkdtempSync(join(tmpdir(), 'html-'))
  after(() => rmSync(folder, { recursive: true }))

  function open(path: string) {
    const store = newStore()
    const errors: string[] = []
    const output = new HtmlOutput({
      path,
      store,
      run: { script: 'script.js', summary: '', scenarios: [], options: {} },
      stdout: { write: () => {} },
      onError: (error) => errors.push(error),
    })
    store.onSamples((batch) => output.add(batch))
    feed(store, [['cnt', 1]])
    return { output, errors }
  }
  const end = { startedAtMs: someTimeMs, durationMs: 1000, thresholds: Thresholds.none(), error: undefined }

  it('writes the page when the run has ended', async () => {
    const file = join(folder, 'report.html')
    const { output, errors } = open(file)
    assert.equal(output.description, `html (${file})`)
    await output.stop(end)
    const page = readFileSync(file, 'utf8')
    assert.ok(page.startsWith('<!doctype html>') && page.endsWith('</html>\n'))
    assert.match(page, /"metric":"cnt"/)
    assert.deepEqual(errors, [])
  })

  it('compresses a file whose name says so', async () => {
    const file = join(folder, 'report.html.gz')
    await open(file).output.stop(end)
    assert.match(gunzipSync(readFileSync(file)).toString(), /<\/html>\n$/)
  })

  it('writes nothing about a run that was given up', async () => {
    const file = join(folder, 'none.html')
    await open(file).output.stop()
    assert.equal(readFileSync(file, 'utf8'), '')
  })

  it('says before the run that its file cannot be opened', () => {
    assert.throws(() => open(join(folder, 'missing', 'report.html')), { code: 'OUTPUT_FAILED' })
  })
})

import assert from 'node:assert/strict'
import { readSummary } from '../../engine/summary-entries.js'
import { Gate } from '../../policy/gate.js'
import { policyFrom } from '../../policy/policy-input.js'

describe('readSummary', () => {
  const gateOf = (limits: object) => new Gate(policyFrom({ limits }, { baseFolder: '/' }))

  it('reads texts and bytes by path', () => {
    const json = '[["stdout","text","hi"],["a.bin","base64","AQI="]]'
    assert.deepEqual(readSummary(json, gateOf({})), [
      { path: 'stdout', content: 'hi' },
      { path: 'a.bin', content: Buffer.from([1, 2]) },
    ])
  })

  it('takes as many files and bytes as the limits say; standard output and error are no files', () => {
    const json = '[["stdout","text",""],["a","text",""],["b","text",""]]'
    assert.equal(readSummary(json, gateOf({ summaryFiles: 2, summaryBytes: json.length })).length, 3)
    assert.throws(() => readSummary(json, gateOf({ summaryFiles: 1 })), {
      code: 'LIMIT_COUNT',
      message: 'handleSummary() returned 2 files; it may return 1 (limit summaryFiles)',
    })
    assert.throws(() => readSummary(json, gateOf({ summaryBytes: 10 })), {
      code: 'LIMIT_SIZE',
      message: /^handleSummary\(\) returned 54 bytes; it may return 10 \(limit summaryBytes\)$/,
    })
  })

  it('refuses another shape, which only a broken guest half sends', () => {
    for (const json of ['{}', '[1]', '[["a"]]', '[["a","text",1]]', '[[{},"text",""]]']) {
      assert.throws(() => readSummary(json, gateOf({})), { code: 'INTERNAL' }, json)
    }
  })
})

import assert from 'node:assert/strict'
import { cutText } from '../../../engine/isolation/fitting.js'
import { runIsolated } from '../../support/isolated.js'

describe('texts of a process of a run', () => {
  it('are cut to what its parent reads', () => {
    assert.equal(cutText('abc', 3), 'abc')
    assert.equal(cutText('abcd', 3), 'ab…')
  })

  it('make no honest process one that says what it may not, however long a script makes them', async () => {
    const long = (name: string) => `'${name}'.repeat(1e6)`
    const { result, lines } = await runIsolated(
      `import { group, fail } from 'k6'
      export default () => { console.warn(${long('w')}); group(${long('g')}, () => {}); fail(${long('f')}) }`,
    )
    assert.equal(result.error, undefined)
    assert.ok(lines.some(({ msg }) => msg.startsWith('www')))
    const wrong = `export const options = { thresholds: { iterations: ['count>' + ${long('9')} + 'x'] } }\nexport default () => {}`
    await assert.rejects(runIsolated(wrong), ({ code }: { code: string }) => code !== 'PROCESS_LOST')
  })
})

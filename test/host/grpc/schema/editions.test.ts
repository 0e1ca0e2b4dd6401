import assert from 'node:assert/strict'
import { readWithBelljar } from '../../../protoc/belljar.js'
import { editionSnippets } from '../../../protoc/edition-snippets.js'
import { bufbuildFacts, ourFacts } from '../../../protoc/facts.js'
import { descriptorsOf } from '../../../protoc/normal-form.js'

describe('edition 2023', () => {
  for (const [text, error] of editionSnippets) {
    it(`${error === '' ? 'reads' : 'refuses'} ${text}`, () => {
      const reading = readWithBelljar({ 'e.proto': `edition = "2023"; ${text}` }, ['e.proto'])
      if (error !== '') {
        assert.ok('error' in reading, 'not refused')
        assert.match(reading.error, /^e\.proto:1:\d+: /)
        assert.ok(reading.error.includes(error), reading.error)
        return
      }
      assert.ok('files' in reading, JSON.stringify(reading))
      const facts = ourFacts(reading.files.get('e.proto')!.linked)
      assert.deepEqual(facts, bufbuildFacts(descriptorsOf(reading.files), 'e.proto'))
    })
  }
})

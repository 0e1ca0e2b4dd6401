import assert from 'node:assert/strict'
import { compileEngine } from '../../runtime/engine-compiler.js'

describe('compileEngine', () => {
  it('compiles once for each use, programs that V8 keeps apart', () => {
    const brief = compileEngine('brief')
    assert.equal(compileEngine('brief'), brief)
    const lasting = compileEngine('lasting')
    assert.notEqual(lasting, brief)
    const names = (module: WebAssembly.Module) => WebAssembly.Module.exports(module).map(({ name }) => name)
    assert.deepEqual(names(brief), names(lasting))
    if (process.versions.v8.startsWith('11.')) {
      assert.equal(WebAssembly.Module.customSections(brief, 'brief').length, 1)
      assert.equal(WebAssembly.Module.customSections(lasting, 'brief').length, 0)
    }
  })
})

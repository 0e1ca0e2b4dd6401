import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { packageRoot } from '../../package-root.js'
import { engineProgram, exportNames, patched } from '../../runtime/engine-program.js'

describe('the engine', () => {
  const file = createRequire(import.meta.url).resolve('@jitl/quickjs-wasmfile-release-asyncify/wasm')
  const program = readFileSync(file)

  it('is the one that the names and places in runtime/engine-program.ts were read from', () => {
    const hash = createHash('sha256').update(program).digest('hex')
    assert.equal(hash, 'b790f3842eef48d154984cea48d35303b5c3c3696fedab4dc79f314bde005dba')
  })

  it('is refused when its imports, globals, exports, code or data are others', () => {
    const changes: [what: string, from: Buffer, to: Buffer][] = [
      ['its imports', Buffer.from([1, 0x61, 1, 0x75, 0]), Buffer.from([1, 0x61, 1, 0x7a, 0])],
      [
        'its globals',
        Buffer.from([0x90, 0xc2, 0xc5, 0x02, 0x0b, 0x7f]),
        Buffer.from([0x90, 0xc2, 0xc5, 0x03, 0x0b, 0x7f]),
      ],
      ['its exports', Buffer.from([2, 0x77, 0x62, 0]), Buffer.from([2, 0x77, 0x7a, 0])],
      [
        'its code',
        Buffer.from([0x0f, 0x6a, 0x41, 0x70, 0x71, 0x22]),
        Buffer.from([0x0f, 0x6a, 0x41, 0x70, 0x71, 0x21]),
      ],
      ['its data', Buffer.from([0x0b, 3, 0x10, 0x61, 0x51]), Buffer.from([0x0b, 3, 0x10, 0x61, 0x52])],
    ]
    for (const [what, from, to] of changes) {
      const other = Buffer.from(program)
      const at = other.indexOf(from)
      assert.ok(at > 0, what)
      other.set(to, at)
      assert.throws(() => patched(other), new RegExp(`\\(${what}\\)`))
    }
    assert.throws(() => patched(program.subarray(0, 8)), /a section is missing/)
  })

  it('is shipped as it is compiled', () => {
    assert.ok(readFileSync(join(packageRoot, 'dist', 'engine.wasm')).equals(engineProgram()))
  })

  it('exports what is called, its table of functions and the pointer of its stack, and nothing else', () => {
    const module = new WebAssembly.Module(patched(program))
    const names = WebAssembly.Module.exports(module).map(({ name }) => name)
    assert.deepEqual(names.sort(), [...Object.values(exportNames), 'stack', 'table'].sort())
  })
})

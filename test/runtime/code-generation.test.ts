import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'

const url = new URL('../../runtime/code-generation.js', import.meta.url).href

/** What `source` answers where text may not become code: in a process without the flag that V8 has for that. */
function afterwards(source: string): unknown {
  const program = `
    const { forbidCodeGeneration } = await import('${url}')
    if ((0, eval)('1 + 1') !== 2) throw new Error('it was forbidden before')
    forbidCodeGeneration()
    console.log(JSON.stringify((${source})()))`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    env: {},
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

describe('forbidCodeGeneration', () => {
  it('takes every constructor that makes code of text, and eval', () => {
    const said = afterwards(`() => {
      const ways = [
        () => eval('1'),
        () => (0, eval)('1'),
        () => globalThis.eval('1'),
        () => Function('return 1')(),
        () => new Function('return 1')(),
        () => (() => {}).constructor('return 1')(),
        () => Object.getPrototypeOf(Function.prototype.call).constructor('return 1')(),
        () => Reflect.construct(Function, ['return 1'], Object)(),
        () => new (class extends Function {})('return 1')(),
        ...[async () => {}, function* () {}, async function* () {}].map((fn) => () => fn.constructor('')()),
        () => { Reflect.deleteProperty(Function.prototype, 'constructor'); return (() => {}).constructor('return 1')() },
        () => { Reflect.deleteProperty(globalThis, 'eval'); return eval('1') },
      ]
      return ways.map((way) => { try { return way() } catch (e) { return e.name } })
    }`)
    assert.deepEqual(said, Array(14).fill('EvalError'))
  })

  it('leaves what asks for functions as it was', () => {
    const said = afterwards(`() => [
      (() => {}) instanceof Function,
      Function.prototype === Object.getPrototypeOf(() => {}),
      (() => {}).constructor === Function,
      Function.name,
      Function.prototype.call.call(() => 'called'),
      (async () => {}).constructor.name,
    ]`)
    assert.deepEqual(said, [true, true, true, 'Function', 'called', 'AsyncFunction'])
  })
})

import assert from 'node:assert/strict'
import { ownModules } from '../../../runtime/guest-program.js'
import { describeInVmThread } from '../../support/in-vm-thread.js'
import { scriptVm } from '../../support/script-vm.js'

/** A script that uses a module of ours which is compiled when it is first needed: that of the operations of crypto.subtle. */
async function loaded(source: string) {
  const found = await scriptVm(`
    const bytes = new ArrayBuffer(2)
    const digest = () => crypto.subtle.digest('SHA-384', bytes)
    const dive = (depth, then) => depth === 0 ? then() : dive(depth - 1, then)
    ${source}`)
  await found.script.enter('activate', 'vu', '{}', '{}')
  return found
}

describeInVmThread('a module of ours that is compiled when it is needed', import.meta.url, (it) => {
  it('is not in the VM of a script that does not need it', async () => {
    const bytesOf = async (init: string) => {
      const { parts } = (await loaded(`${init}; export default () => {}`)).script.vm.image().memory
      return parts.reduce((sum, { bytes }) => sum + bytes.length, 0)
    }
    assert.ok((await bytesOf("const name = 'digest'")) + 30_000 < (await bytesOf('digest().catch(() => {})')))
  })

  it('can be needed in the deepest recursion of a script', async () => {
    const { script, said, internalErrors } = await loaded(`
      let deepest = 0
      const measure = (depth) => { deepest = depth; measure(depth + 1) }
      export default async () => {
        try { measure(0) } catch (e) { console.log(e.message) }
        let outcome
        for (let depth = deepest; outcome === undefined; depth -= 20) {
          try { outcome = dive(depth, digest) } catch (e) { if (e.message !== 'stack overflow') throw e }
        }
        console.log((await outcome).byteLength)
        console.log((await digest()).byteLength)
      }`)
    assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
    assert.deepEqual(said(), ['stack overflow', '48', '48'])
    assert.deepEqual(internalErrors, [])
  })

  it('is whole after an iteration that was interrupted meanwhile', async () => {
    const { script, said } = await loaded(`
      export const spin = async () => { for (let i = 0; ; i++) if (i === 0) digest() }
      export default async () => console.log((await digest()).byteLength)`)
    const { load } = ownModules
    ownModules.load = (name) => {
      script.interrupt()
      return load(name)
    }
    try {
      assert.deepEqual(await script.iteration('spin', 0), { kind: 'interrupted' })
    } finally {
      ownModules.load = load
    }
    assert.deepEqual(await script.iteration('default', 1), { kind: 'done' })
    assert.deepEqual(said(), ['48'])
  })

  it('looks to a script as if it had been there before', async () => {
    const { script, said } = await loaded(`
      export default async () => {
        const seen = () => JSON.stringify([
          Object.getOwnPropertyNames(globalThis).filter((name) => /crypto|part/i.test(name)),
          Object.getOwnPropertyDescriptor(globalThis, 'crypto').writable, Object.keys(crypto), Object.keys(crypto.subtle),
          Object.values(Object.getOwnPropertyDescriptors(crypto.subtle)).map((d) => [d.writable, d.enumerable, d.configurable]),
          [crypto.subtle.digest.name, crypto.subtle.digest.length, String(crypto.subtle.digest)]])
        const before = seen()
        const own = crypto.subtle.digest
        await own('SHA-1', bytes)
        console.log(before === seen() && own === crypto.subtle.digest)
        const stack = await crypto.subtle.digest('SHA-1').catch((e) => e.name + e.message + e.stack)
        console.log(stack.includes('belljar'))
      }`)
    assert.deepEqual(await script.iteration('default', 0), { kind: 'done' })
    assert.deepEqual(said(), ['true', 'false'])
  })
})

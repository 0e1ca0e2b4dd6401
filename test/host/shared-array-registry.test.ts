import assert from 'node:assert/strict'
import { bytesOf, SharedArrayDraft } from '../../host/shared-array-data.js'
import { SharedArrayRegistry } from '../../host/shared-array-registry.js'

const large = 1_000_000

function arrayOf(lines: string) {
  const draft = new SharedArrayDraft()
  draft.append(lines)
  return draft.finish()
}

/** What has become of a promise after all that was ready has run. */
async function stateOf<T>(promise: Promise<T>): Promise<T | 'waits'> {
  await new Promise((resolve) => setImmediate(resolve))
  return Promise.race([promise, Promise.resolve('waits' as const)])
}

describe('SharedArrayRegistry', () => {
  it('lets the first that asks make an array, and all others wait for it', async () => {
    const registry = new SharedArrayRegistry(large)
    assert.equal(await registry.claim('a', '1'), undefined)
    const second = registry.claim('a', '2')
    const third = registry.claim('a', '3')
    assert.equal(await stateOf(second), 'waits')
    const data = arrayOf('1\n')
    await registry.settle('a', '1', data)
    assert.equal(await second, data)
    assert.equal(await third, data)
    assert.equal(await registry.claim('a', '4'), data)
  })

  it('has the next one make it when the first could not', async () => {
    const registry = new SharedArrayRegistry(large)
    await registry.claim('a', '1')
    const second = registry.claim('a', '2')
    const third = registry.claim('a', '3')
    await registry.settle('a', '1', undefined)
    assert.equal(await second, undefined)
    assert.equal(await stateOf(third), 'waits')
  })

  it('forgets a VM that is no more: what it made, and what it waited for', async () => {
    const registry = new SharedArrayRegistry(large)
    await registry.claim('a', '1')
    const second = registry.claim('a', '2')
    const third = registry.claim('a', '3')
    registry.abandon('2')
    registry.abandon('1')
    assert.equal(await third, undefined)
    assert.equal(await stateOf(second), 'waits')
  })

  it('forgets all VMs of a thread that is no more, and passes what they made on to those of others', async () => {
    const registry = new SharedArrayRegistry(large)
    await registry.claim('a', '1:1')
    await registry.claim('b', '11:1')
    const waiting = [registry.claim('a', '1:2'), registry.claim('a', '2:1')]
    registry.abandonAll('1:')
    assert.equal(await waiting[1], undefined)
    assert.equal(await stateOf(waiting[0]!), 'waits')
    assert.equal(await stateOf(registry.claim('b', '2:1')), 'waits')
  })

  it('refuses a claim that would wait for itself, over however many others', async () => {
    const registry = new SharedArrayRegistry(large)
    const text = { message: 'the function that makes a SharedArray asks for that SharedArray itself' }
    await registry.claim('a', '1')
    await assert.rejects(registry.claim('a', '1'), text)
    await registry.claim('b', '2')
    await registry.claim('c', '3')
    const waiting = [registry.claim('b', '1'), registry.claim('c', '2')]
    await assert.rejects(registry.claim('a', '3'), text)
    assert.equal(await stateOf(Promise.race(waiting)), 'waits')
  })

  it('counts the bytes of all arrays, and refuses one that goes over the limit', async () => {
    const small = arrayOf('"12345"\n')
    assert.equal(bytesOf(small), 12)
    const registry = new SharedArrayRegistry(20, [['known', small]])
    await registry.claim('a', '1')
    const second = registry.claim('a', '2')
    await assert.rejects(registry.settle('a', '1', small), {
      code: 'LIMIT_SIZE',
      message: 'the SharedArrays of a run may have 20 bytes of JSON in all (limit sharedArrayBytes)',
    })
    assert.equal(registry.bytes, 12)
    assert.equal(await second, undefined, 'the next one may make a smaller one')
    await registry.settle('a', '2', arrayOf('1\n'))
    assert.equal(registry.bytes, 18)
  })

  it('takes an array from nobody but its maker', async () => {
    const registry = new SharedArrayRegistry(large)
    await registry.claim('a', '1')
    await assert.rejects(registry.settle('a', '2', arrayOf('1\n')), { code: 'INTERNAL' })
  })

  it('gives threads the memory itself, not copies of it', () => {
    const { text, ends } = arrayOf('1\n"ü"\n')
    assert.ok(text.buffer instanceof SharedArrayBuffer && ends.buffer instanceof SharedArrayBuffer)
    assert.deepEqual([...ends], [1, 6])
  })
})

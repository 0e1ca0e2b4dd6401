import assert from 'node:assert/strict'
import { SharedArrayRegistry } from '../../host/shared-array-registry.js'
import { SharedArrays } from '../../host/shared-arrays.js'

const arrays = (maxBytes: number) => new SharedArrays(new SharedArrayRegistry(maxBytes), maxBytes)
const vm = {}

describe('SharedArrays', () => {
  it('knows an array by its number, and its elements by their places', async () => {
    const all = arrays(100)
    assert.equal(await all.claim('a', vm), undefined)
    all.append('a', vm, '1\n"two"\n')
    all.append('a', vm, '[]\n')
    const number = await all.publish('a', vm)
    assert.equal(all.claim('a', {}), number)
    assert.equal(all.length(number), 3)
    const texts = [0, 1, 2, 3, -1, 0.5].map((index) => all.element(number, index)?.toString())
    assert.deepEqual(
      texts.map((text) => text && Buffer.from(text.split(',').map(Number)).toString()),
      ['1', '"two"', '[]', undefined, undefined, undefined],
    )
    assert.throws(() => all.length(5), { guestName: 'TypeError' })
  })

  it('stops taking elements at the limit, over all arrays that are being made', async () => {
    const all = arrays(100)
    await all.claim('outer', vm)
    for (let i = 0; i < 5; i++) all.append('outer', vm, '"1234"\n')
    await all.claim('inner', vm)
    for (let i = 0; i < 4; i++) all.append('inner', vm, '"1234"\n')
    assert.throws(() => all.append('inner', vm, '"1234"\n'), { code: 'LIMIT_SIZE' })
    await all.release('inner', vm)
    all.append('outer', vm, '"1234"\n')
    assert.equal(all.length(await all.publish('outer', vm)), 6)
  })

  it('takes elements from nobody but the maker, and releases for nobody else', async () => {
    const all = arrays(100)
    await all.claim('a', vm)
    assert.throws(() => all.append('a', {}, '1\n'), { message: 'this VM makes no such SharedArray' })
    await all.release('a', {})
    all.append('a', vm, '1\n')
    assert.equal(all.length(await all.publish('a', vm)), 1)
  })

  it('lets another VM make what one that is no more was making', async () => {
    const all = arrays(100)
    await all.claim('a', vm)
    const other = {}
    const claim = all.claim('a', other)
    all.abandon(vm)
    assert.equal(await claim, undefined)
    all.append('a', other, '1\n')
    assert.equal(all.length(await all.publish('a', other)), 1)
  })

  it('bounds names', () => {
    assert.throws(() => arrays(100).claim('x'.repeat(8193), vm), {
      code: 'LIMIT_SIZE',
      message: 'the name of a SharedArray may have 8192 characters',
    })
  })
})

import assert from 'node:assert/strict'
import { meant, nearestName } from '../../policy/nearest-name.js'

describe('nearestName', () => {
  const names = ['token', 'userId', 'created_at', 'id', '/shop.Orders/CreateOrder', '/shop.Orders/GetOrder']

  for (const [wanted, found] of [
    ['tokn', 'token'],
    ['tokeen', 'token'],
    ['otken', 'token'],
    ['user_id', 'userId'],
    ['createdAt', 'created_at'],
    ['ID', 'id'],
    ['/shop.Orders/CreatOrder', '/shop.Orders/CreateOrder'],
  ] as const) {
    it(`takes ${wanted} for ${found}`, () => assert.equal(nearestName(wanted, names), found))
  }

  it('finds nothing where names have little in common, however long they are', () => {
    for (const wanted of ['', 'x', 'price', '/shop.Orders/Delete', 'a'.repeat(10_000)]) {
      assert.equal(nearestName(wanted, names), undefined, wanted)
    }
  })

  it('asks as a hint', () => {
    assert.deepEqual(meant('tokn', names), { hint: 'did you mean token?' })
    assert.deepEqual(meant('price', names), {})
  })
})

import assert from 'node:assert/strict'
import { OrderBook, type OrderItem, problemOf } from '../../../examples/server/order-book.js'

const item: OrderItem = { product: 'jar', quantity: 1, unit_price_cents: 100 }

describe('examples: order book', () => {
  it('finds the first problem of an order and names its field', () => {
    const problemField = (items: OrderItem[], note = ''): string | undefined => problemOf({ items, note })?.field
    assert.equal(problemField([item]), undefined)
    assert.equal(problemField([]), 'items')
    assert.equal(problemField(new Array(101).fill(item)), 'items')
    assert.equal(problemField([item], 'x'.repeat(1001)), 'note')
    assert.equal(problemField([item, { ...item, product: '' }]), 'items[1].product')
    assert.equal(problemField([{ ...item, product: 'x'.repeat(201) }]), 'items[0].product')
    assert.equal(problemField([{ ...item, quantity: 0 }]), 'items[0].quantity')
    assert.equal(problemField([{ ...item, quantity: 1001 }]), 'items[0].quantity')
    assert.equal(problemField([{ ...item, unit_price_cents: -1 }]), 'items[0].unit_price_cents')
    assert.equal(problemField([{ ...item, unit_price_cents: 100_000_001 }]), 'items[0].unit_price_cents')
  })

  it('forgets the oldest of more than a thousand orders of an owner, and of nobody else', () => {
    const book = new OrderBook()
    const others = book.add('bob', { items: [item], note: '' })
    const own = Array.from({ length: 1001 }, () => book.add('alice', { items: [item], note: '' }))
    assert.equal(book.find(own[0]!.id), undefined)
    assert.equal(book.find(own[1]!.id), own[1])
    assert.equal(book.find(others.id), others)
    assert.equal(book.listOf('alice', 2)[0], own[1])
  })
})

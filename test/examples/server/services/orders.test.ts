import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { type Outcome, RawClient } from '../example-server.js'
import { bytes, bytesAt, number, numberAt, textAt } from '../wire.js'

const newOrder = (quantity: number, note = ''): Buffer =>
  Buffer.concat([bytes(1, [bytes(1, 'jar'), number(2, quantity), number(3, 1250)]), bytes(2, note)])

/** The only detail of a refusal: its type and its bytes. */
function detailOf({ trailers }: Outcome): { type: string; value: Buffer } {
  const [status] = trailers.get('grpc-status-details-bin')
  const details = bytesAt(status as Buffer, 3)
  assert.equal(details.length, 1)
  return { type: textAt(details[0]!, 1), value: bytesAt(details[0]!, 2)[0]! }
}

describe('examples: shop.OrderService', () => {
  let client: RawClient
  let alice: { authorization: string }
  let bob: { authorization: string }
  let carol: { authorization: string }

  const login = async (user: string, password: string): Promise<{ authorization: string }> => {
    const response = await client.ask('/auth.AuthService/Login', Buffer.concat([bytes(1, user), bytes(2, password)]))
    return { authorization: `Bearer ${textAt(response, 1)}` }
  }

  before(async () => {
    client = await RawClient.ofSharedServer()
    alice = await login('alice', 'wonderland')
    bob = await login('bob', 'builder')
    carol = await login('carol', 'ledger')
  })

  it('refuses every method without a valid token', async () => {
    for (const method of ['CreateOrder', 'GetOrder', 'ListOrders', 'TrackOrders', 'ImportOrders']) {
      for (const authorization of [undefined, 'Bearer x', alice.authorization.slice(7)]) {
        const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
        const { code, responses } = await client.call(`/shop.OrderService/${method}`, [Buffer.alloc(0)], headers)
        assert.deepEqual([code, responses.length], [status.UNAUTHENTICATED, 0], method)
      }
    }
  })

  it('takes an order, sums it up, and finds it again', async () => {
    const order = await client.ask('/shop.OrderService/CreateOrder', newOrder(3, 'fragile'), alice)
    assert.equal(textAt(order, 2), 'alice')
    assert.equal(textAt(order, 4), 'fragile')
    assert.equal(numberAt(order, 5), 3750)
    assert.equal(numberAt(order, 6), 1)
    const found = await client.ask('/shop.OrderService/GetOrder', bytes(1, textAt(order, 1)), alice)
    assert.deepEqual(found, order)
  })

  it('refuses a wrong order and names the field in the details', async () => {
    const outcome = await client.call('/shop.OrderService/CreateOrder', [newOrder(0)], alice)
    assert.deepEqual(
      [outcome.code, outcome.message],
      [status.INVALID_ARGUMENT, 'items[0].quantity: 0 is not from 1 to 1000'],
    )
    const { type, value } = detailOf(outcome)
    assert.equal(type, 'type.googleapis.com/shop.InvalidField')
    assert.equal(textAt(value, 1), 'items[0].quantity')
  })

  it('answers NOT_FOUND for an order that is not there, with its id in the details', async () => {
    const outcome = await client.call('/shop.OrderService/GetOrder', [bytes(1, 'order-0')], alice)
    assert.equal(outcome.code, status.NOT_FOUND)
    const { type, value } = detailOf(outcome)
    assert.deepEqual([type, textAt(value, 1)], ['type.googleapis.com/shop.OrderNotFound', 'order-0'])
  })

  it("does not show somebody else's order", async () => {
    const order = await client.ask('/shop.OrderService/CreateOrder', newOrder(1), alice)
    const outcome = await client.call('/shop.OrderService/GetOrder', [bytes(1, textAt(order, 1))], bob)
    assert.equal(outcome.code, status.PERMISSION_DENIED)
    const { type, value } = detailOf(outcome)
    assert.deepEqual([type, textAt(value, 1)], ['type.googleapis.com/shop.AccessDenied', 'bob'])
  })

  it('lists the own orders, oldest first, up to the limit', async () => {
    for (const note of ['first', 'second', 'third']) {
      await client.ask('/shop.OrderService/CreateOrder', newOrder(1, note), bob)
    }
    const notes = async (limit: number): Promise<string[]> => {
      const { responses } = await client.call('/shop.OrderService/ListOrders', [number(1, limit)], bob)
      return responses.map((order) => textAt(order, 4))
    }
    assert.deepEqual(await notes(0), ['first', 'second', 'third'])
    assert.deepEqual(await notes(2), ['first', 'second'])
  })

  it('tells every step of a tracked order, and of a delivered one only the last', async () => {
    const id = textAt(await client.ask('/shop.OrderService/CreateOrder', newOrder(1), alice), 1)
    const { responses, code } = await client.call('/shop.OrderService/TrackOrders', [bytes(1, id), bytes(1, id)], alice)
    assert.deepEqual(
      responses.map((update) => [textAt(update, 1), numberAt(update, 2), numberAt(update, 3)]),
      [
        [id, 1, 0],
        [id, 2, 0],
        [id, 3, 0],
        [id, 4, 1],
        [id, 4, 1],
      ],
    )
    assert.equal(code, status.OK)
  })

  it('ends tracking with NOT_FOUND at an unknown order, after what it had told', async () => {
    const id = textAt(await client.ask('/shop.OrderService/CreateOrder', newOrder(1), alice), 1)
    const requests = [bytes(1, id), bytes(1, 'order-0')]
    const { responses, code } = await client.call('/shop.OrderService/TrackOrders', requests, alice)
    assert.deepEqual([responses.length, code], [4, status.NOT_FOUND])
  })

  it('imports the good orders of a clerk and tells what is wrong with the others', async () => {
    const requests = [newOrder(1), Buffer.alloc(0), newOrder(2)]
    const { responses, code } = await client.call('/shop.OrderService/ImportOrders', requests, carol)
    assert.equal(code, status.OK)
    const [result] = responses
    assert.deepEqual([numberAt(result!, 1), numberAt(result!, 2)], [2, 1])
    const [refusal] = bytesAt(result!, 3)
    assert.equal(numberAt(refusal!, 1), 1)
    assert.equal(textAt(bytesAt(refusal!, 2)[0]!, 1), 'items')
  })

  it('lets no customer import orders', async () => {
    const outcome = await client.call('/shop.OrderService/ImportOrders', [newOrder(1)], alice)
    assert.equal(outcome.code, status.PERMISSION_DENIED)
    assert.equal(textAt(detailOf(outcome).value, 2), 'clerk')
  })
})

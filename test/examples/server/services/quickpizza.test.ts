import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { RawClient } from '../example-server.js'
import { bytes, bytesAt, number, numberAt, textAt } from '../wire.js'

describe('examples: quickpizza.GRPC', () => {
  let client: RawClient
  before(async () => {
    client = await RawClient.ofSharedServer()
  })

  const starsFor = async (ingredients: string[], dough: string): Promise<number> => {
    const request = Buffer.concat([...ingredients.map((name) => bytes(1, name)), bytes(2, dough)])
    return numberAt(await client.ask('/quickpizza.GRPC/RatePizza', request), 1)
  }

  it('is ready', async () => {
    assert.equal(numberAt(await client.ask('/quickpizza.GRPC/Status', Buffer.alloc(0)), 1), 1)
  })

  it('gives a good pizza five stars and takes some for dough, crowd and pineapple', async () => {
    assert.equal(await starsFor(['Tomato'], 'thin'), 5)
    assert.equal(await starsFor(['Tomato'], 'paper'), 3)
    assert.equal(await starsFor(['Tomato', 'Pineapple'], 'Thick'), 4)
    assert.equal(await starsFor(['1', '2', '3', '4', '5', 'Pineapple'], 'paper'), 1)
  })

  it('refuses to rate a pizza without ingredients', async () => {
    const { code, message } = await client.call('/quickpizza.GRPC/RatePizza', [bytes(2, 'Thin')])
    assert.deepEqual([code, message], [status.INVALID_ARGUMENT, 'a pizza needs ingredients'])
  })

  const recommended = async (...restrictions: Buffer[]): Promise<string> => {
    const response = await client.ask('/quickpizza.GRPC/RecommendPizza', Buffer.concat(restrictions))
    return textAt(bytesAt(response, 1)[0]!, 1)
  }

  it('recommends the first pizza that keeps to the restrictions', async () => {
    assert.equal(await recommended(), 'Diavola')
    assert.equal(await recommended(number(2, 1)), 'Margherita')
    assert.equal(await recommended(bytes(3, 'mozzarella')), 'Marinara')
    assert.equal(await recommended(number(1, 200)), 'Marinara')
  })

  it('answers NOT_FOUND if no pizza does', async () => {
    const { code } = await client.call('/quickpizza.GRPC/RecommendPizza', [bytes(3, 'tomato')])
    assert.equal(code, status.NOT_FOUND)
  })
})

import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { RawClient } from '../example-server.js'
import { bytes, textAt } from '../wire.js'

const greeting = (guest: string): Buffer => bytes(1, guest)
const replies = (responses: Buffer[]): string[] => responses.map((response) => textAt(response, 1))

describe('examples: hello.HelloService', () => {
  let client: RawClient
  before(async () => {
    client = await RawClient.ofSharedServer()
  })

  it('greets the guest, or the world if there is none', async () => {
    assert.equal(textAt(await client.ask('/hello.HelloService/SayHello', greeting('Ann')), 1), 'hello Ann')
    assert.equal(textAt(await client.ask('/hello.HelloService/SayHello', Buffer.alloc(0)), 1), 'hello world')
  })

  it('answers one greeting with ten replies in order', async () => {
    const { responses, code } = await client.call('/hello.HelloService/LotsOfReplies', [greeting('Ann')])
    assert.deepEqual(
      replies(responses),
      Array.from({ length: 10 }, (_, index) => `hello Ann, ${index + 1} of 10`),
    )
    assert.equal(code, status.OK)
  })

  it('answers many greetings with one reply', async () => {
    const { responses } = await client.call('/hello.HelloService/LotsOfGreetings', ['Ann', 'Bo', 'Cy'].map(greeting))
    assert.deepEqual(replies(responses), ['hello Ann, Bo, Cy'])
  })

  it('names a hundred guests at most, and counts the others', async () => {
    const guests = Array.from({ length: 103 }, (_, index) => greeting(`g${index}`))
    const { responses } = await client.call('/hello.HelloService/LotsOfGreetings', guests)
    assert.match(replies(responses)[0]!, /, g99 and 3 more$/)
  })

  it('answers each greeting of a conversation, more than its buffers hold', async () => {
    const guests = Array.from({ length: 500 }, (_, index) => `g${index}`)
    const { responses, code } = await client.call('/hello.HelloService/BidiHello', guests.map(greeting))
    assert.deepEqual(
      replies(responses),
      guests.map((guest) => `hello ${guest}`),
    )
    assert.equal(code, status.OK)
  })
})

import assert from 'node:assert/strict'
import { status } from '@grpc/grpc-js'
import { RawClient } from '../example-server.js'
import { bytes, bytesAt, numberAt, textAt } from '../wire.js'

describe('examples: auth.AuthService', () => {
  let client: RawClient
  before(async () => {
    client = await RawClient.ofSharedServer()
  })

  it('gives a token that holds for about an hour', async () => {
    const response = await client.ask(
      '/auth.AuthService/Login',
      Buffer.concat([bytes(1, 'alice'), bytes(2, 'wonderland')]),
    )
    assert.match(textAt(response, 1), /^[\w-]{32}$/)
    const secondsLeft = numberAt(bytesAt(response, 2)[0]!, 1) - Date.now() / 1000
    assert.ok(secondsLeft > 3500 && secondsLeft <= 3600, `${secondsLeft} s`)
  })

  it('refuses a wrong password, a wrong name, and names of the language itself', async () => {
    for (const [user, password] of [
      ['alice', 'x'],
      ['nobody', 'wonderland'],
      ['__proto__', ''],
      ['', ''],
    ] as const) {
      const { code, message } = await client.call('/auth.AuthService/Login', [
        Buffer.concat([bytes(1, user), bytes(2, password)]),
      ])
      assert.deepEqual([code, message], [status.UNAUTHENTICATED, 'wrong user or password'], user)
    }
  })
})

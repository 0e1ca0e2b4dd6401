import assert from 'node:assert/strict'
import { sharedServer } from './example-server.js'

describe('example server: HTTP', () => {
  const login = async (body: string, type = 'application/json') =>
    fetch(`http://${(await sharedServer()).http}/login`, { method: 'POST', body, headers: { 'content-type': type } })

  it('gives a token for the right password, as JSON or as a form, that tells who one is', async () => {
    const answers = [
      await login('{"user":"alice","password":"wonderland"}'),
      await login('user=alice&password=wonderland', 'application/x-www-form-urlencoded'),
    ]
    for (const answer of answers) {
      const { token } = (await answer.json()) as { token: string }
      assert.ok(answer.headers.get('set-cookie')!.includes(token))
      const me = `http://${(await sharedServer()).http}/account`
      const known = await fetch(me, { headers: { authorization: `Bearer ${token}` } })
      assert.deepEqual(await known.json(), { name: 'alice', role: 'customer' })
      assert.equal((await fetch(me)).status, 401)
    }
  })

  it('refuses what is wrong', async () => {
    assert.equal((await login('{"user":"alice","password":"x"}')).status, 401)
    assert.equal((await login('[')).status, 401)
    const { http } = await sharedServer()
    assert.equal((await fetch(`http://${http}/nowhere`)).status, 404)
    assert.equal((await fetch(`http://${http}/me`, { method: 'DELETE' })).status, 405)
  })

  it('has an item for each number', async () => {
    const answer = await fetch(`http://${(await sharedServer()).http}/items/7`)
    assert.deepEqual(await answer.json(), { id: 7, tags: ['small', 'blue'] })
  })
})

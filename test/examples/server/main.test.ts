import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { addressesOf, spawnServer } from './example-server.js'

describe('examples: the server program', () => {
  const children: ChildProcess[] = []
  const start = (...args: string[]): ChildProcess => {
    const child = spawnServer(args)
    children.push(child)
    return child
  }
  after(() => {
    for (const child of children) child.kill('SIGKILL')
  })

  it('ends when its standard input closes, and listens without TLS unless told', async () => {
    const child = start()
    const addresses = await addressesOf(child)
    assert.deepEqual(Object.keys(addresses), ['plaintext'])
    assert.match(addresses.plaintext, /^127\.0\.0\.1:\d+$/)
    child.stdin!.end()
    assert.deepEqual(await once(child, 'close'), [0, null])
  })

  it('ends on SIGTERM, and gives the port back for the next one', async () => {
    const first = start()
    const { plaintext } = await addressesOf(first)
    first.kill('SIGTERM')
    assert.deepEqual(await once(first, 'close'), [0, null])
    const second = start('--port', plaintext.split(':')[1]!)
    assert.equal((await addressesOf(second)).plaintext, plaintext)
  })

  it('refuses wrong arguments with one line', async () => {
    for (const args of [['--port', '70000'], ['--port', 'x'], ['--nope'], ['word']]) {
      const child = start(...args)
      const stderr = text(child.stderr!)
      assert.deepEqual(await once(child, 'close'), [2, null], args.join(' '))
      assert.match(await stderr, /^example server: .+\n/)
    }
  })
})

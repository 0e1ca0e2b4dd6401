/** What is left of calls that have ended. */
import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { Connection } from '../../../../../host/grpc/transport.js'
import { answer, data, headers, reset, turn, type } from '../../raw-peer.js'
import { closeAll, code, start, stream, unary } from './rig.js'

describe('The direct transport: what calls leave behind', () => {
  afterEach(closeAll)

  /** One call of each kind of end. */
  const round = async (connection: Connection, next: () => Promise<number>, send: (...frames: Buffer[]) => void) => {
    const good = unary(connection)
    send(answer(await next()))
    const refused = unary(connection)
    send(reset(await next(), code.cancel))
    const late = unary(connection, 'x', 2)
    const open = stream(connection)
    await next()
    const id = await next()
    send(headers(id), data(id, 'x'))
    open.stream.cancel()
    await Promise.all([good, refused, late, open.end])
  }

  it('is nothing: many calls of every kind of end need no more memory than a few', async function () {
    this.timeout(60_000)
    const { connection, peer } = await start()
    const next = () => peer.call()
    const send = (...frames: Buffer[]) => {
      peer.unread.splice(0, peer.unread.length, ...peer.unread.filter((f) => f.type === type.headers))
      peer.send(...frames)
    }
    const heapBytes = async () => {
      await turn()
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    for (let i = 0; i < 200; i++) await round(connection, next, send)
    const before = await heapBytes()
    for (let i = 0; i < 500; i++) await round(connection, next, send)
    // 2,000 calls: what each of them has is some hundred bytes at least.
    const grownBytes = (await heapBytes()) - before
    assert.ok(grownBytes < 500_000, `${grownBytes} bytes`)
  })
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

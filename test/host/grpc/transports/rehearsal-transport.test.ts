import assert from 'node:assert/strict'
import { isAppError } from '../../../../errors.js'
import { HostResolver } from '../../../../host/dns.js'
import type { CallStatus, Connection, StreamCall } from '../../../../host/grpc/transport.js'
import { RehearsalTransport } from '../../../../host/grpc/transports/rehearsal-transport.js'

const path = '/pkg.Service/Method'
const answer = Buffer.from('answer')

function dial(address: string, timeoutMs = 1000): Promise<Connection> {
  const transport = new RehearsalTransport((called) => (called === path ? answer : Buffer.alloc(0)))
  return transport.connect({
    address,
    isPlaintext: true,
    timeoutMs,
    resolver: new HostResolver({ onClosed: () => assert.fail('resolved') }),
  })
}

/** The events of a stream in their order, up to its end; `act` has it after it was opened. */
async function streamed(
  isServerStreaming: boolean,
  act: (stream: ReturnType<Connection['stream']>, events: string[]) => void,
  more: Partial<StreamCall> = {},
): Promise<string[]> {
  const connection = await dial('localhost:1')
  const events: string[] = []
  await new Promise<CallStatus>((resolve) => {
    const stream = connection.stream({
      path,
      metadata: [],
      isServerStreaming,
      onStart: () => events.push('start'),
      onHeaders: () => events.push('headers'),
      onMessage: (message) => events.push(Buffer.from(message).toString()),
      onEnd(status) {
        events.push(`end ${status.status}`)
        resolve(status)
      },
      ...more,
    })
    act(stream, events)
  })
  return events
}

describe('RehearsalTransport', () => {
  it('connects to whatever is an address, and to nothing else', async () => {
    assert.equal((await dial('dns:///no.such.host:443')).address, 'no.such.host:443')
    for (const [address, reason] of [
      ['nowhere', 'missing port'],
      ['a:b:c', 'too many colons'],
    ] as const) {
      await assert.rejects(dial(address), (e) => isAppError(e, 'CONNECT_FAILED') && e.message.includes(reason))
    }
    await assert.rejects(dial('localhost:1', -1), (e) => isAppError(e, 'CONNECT_FAILED'))
  })

  it('answers a call with OK', async () => {
    const connection = await dial('localhost:1')
    const result = await connection.unary({ path, request: answer, metadata: [] })
    assert.equal(result.status, 0)
    assert.equal(result.response, answer)
    assert.equal((await connection.unary({ path, request: answer, metadata: [], deadlineMs: -1 })).status, 4)
    connection.close()
    assert.equal((await connection.unary({ path, request: answer, metadata: [] })).status, 1)
  })

  it('answers each message of a stream that has many replies', async () => {
    const events = await streamed(true, (stream) => {
      stream.write(answer)
      stream.end()
      stream.write(answer)
    })
    assert.deepEqual(events, ['start', 'headers', 'answer', 'answer', 'end 0'])
  })

  it('answers once, at the end, where there is one reply', async () => {
    const events = await streamed(false, (stream) => {
      stream.write(answer)
      stream.write(answer)
      stream.end()
      stream.end()
    })
    assert.deepEqual(events, ['start', 'headers', 'answer', 'end 0'])
  })

  it('hands out nothing while it is paused', async () => {
    const events = await streamed(true, (stream, told) => {
      stream.pause()
      stream.write(answer)
      stream.end()
      setImmediate(() => {
        told.push('resumed')
        stream.resume()
      })
    })
    assert.deepEqual(events, ['start', 'resumed', 'headers', 'answer', 'answer', 'end 0'])
  })

  it('ends a stream that is cancelled, also a paused one', async () => {
    const events = await streamed(true, (stream) => {
      stream.write(answer)
      stream.pause()
      stream.cancel()
    })
    assert.deepEqual(events, ['start', 'end 1'])
  })

  it('begins no stream whose time is up', async () => {
    assert.deepEqual(await streamed(true, (stream) => stream.end(), { deadlineMs: 0 }), ['end 4'])
  })
})

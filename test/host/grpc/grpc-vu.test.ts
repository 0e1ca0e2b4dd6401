import assert from 'node:assert/strict'
import { GrpcRuntime } from '../../../host/grpc/grpc-runtime.js'
import { GrpcVu } from '../../../host/grpc/grpc-vu.js'
import { trustedLimits } from '../../../policy/limits.js'
import { isGuestError } from './guest-errors.js'
import { LoopbackVu } from './loopback-vu.js'
import { serve, stopServers } from './scripted-server.js'

describe('GrpcVu', () => {
  afterEach(stopServers)

  const newVu = () => new GrpcVu(GrpcRuntime.forInit(trustedLimits))

  it('knows the clients of its own VU only', () => {
    const vu = newVu()
    const id = vu.create()
    assert.ok(vu.client(id))
    for (const other of [id + 1, -1, 0.5, Number.NaN, '0', undefined, 'constructor']) {
      assert.throws(() => vu.client(other), isGuestError('TypeError', 'there are no such gRPC clients'))
    }
  })

  it('has at most 10,000 clients', () => {
    const vu = newVu()
    for (let i = 0; i < 10_000; i++) vu.create()
    assert.throws(() => vu.create(), isGuestError('GoError', 'a VU may have 10000 gRPC clients at a time'))
  })

  it('counts the bytes of its connections once, those of closed ones too', async () => {
    const { address } = await serve(async (call) => {
      call.send((await call.read()) ?? '')
      call.finish()
    })
    const vu = new LoopbackVu('syntax = "proto3"; message M {} service S { rpc Go(M) returns (M); }')
    const { grpc } = vu.context
    await vu.connect(address)
    await vu.invoke('S/Go', '{}')
    const first = grpc.takeTraffic()
    assert.ok(first.sentBytes > 100 && first.receivedBytes > 50)
    await vu.invoke('S/Go', '{}')
    vu.call('close', vu.client)
    assert.equal(grpc.openConnections, 0)
    const second = grpc.takeTraffic()
    assert.ok(second.sentBytes > 0 && second.sentBytes < first.sentBytes)
    assert.deepEqual(grpc.takeTraffic(), { sentBytes: 0, receivedBytes: 0 })
    vu.close()
  })
})

import assert from 'node:assert/strict'
import { setLogger } from '@grpc/grpc-js'
import { HostResolver } from '../../../../host/dns.js'
import { SharedConnections } from '../../../../host/grpc/shared-connections.js'
import { GrpcJsTransport } from '../../../../host/grpc/transports/grpc-js-transport.js'
import { type Answer, serve, stopServers } from '../scripted-server.js'
import { describeTransport } from '../transport-contract.js'
import { describeEdges } from '../transport-edges.js'

const transport = new GrpcJsTransport()

describeTransport('GrpcJsTransport', transport)
describeTransport('GrpcJsTransport with round_robin', {
  connect: (options) => transport.connect({ ...options, loadBalancing: 'round_robin' }),
})
describeTransport('SharedConnections', new SharedConnections(transport))
describeEdges('GrpcJsTransport', transport)

describe('GrpcJsTransport, where grpc-js and Node alone would do otherwise', () => {
  afterEach(stopServers)

  async function invoke(answer: Answer) {
    const { address } = await serve(answer)
    const options = { address, isPlaintext: true, timeoutMs: 10_000, resolver: new HostResolver() }
    const connection = await transport.connect(options)
    try {
      const request = Buffer.from('request')
      return await connection.unary({ path: '/pkg.Service/Method', request, metadata: [], deadlineMs: 10_000 })
    } finally {
      connection.close()
    }
  }

  it('takes a GOAWAY with an error for a lost connection, not for a reset', async () => {
    const result = await invoke((call) => call.stream.session?.goaway(11, call.stream.id))
    assert.equal(result.status, 14)
    assert.match(result.message, /received prior goaway: code: ENHANCE_YOUR_CALM$/)
  })

  it('writes nothing about header values that are not ASCII', async () => {
    const said: unknown[] = []
    setLogger({ error: (...words: unknown[]) => said.push(words) })
    try {
      const result = await invoke((call) => call.finish({ 'grpc-status': '3', odd: 'caf\u00e9' }))
      assert.deepEqual([result.status, said], [3, []])
    } finally {
      setLogger(console)
    }
  })
})

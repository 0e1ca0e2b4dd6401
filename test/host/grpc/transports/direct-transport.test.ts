import { SharedConnections } from '../../../../host/grpc/shared-connections.js'
import { DirectTransport } from '../../../../host/grpc/transports/direct-transport.js'
import { describeTransport } from '../transport-contract.js'
import { describeEdges } from '../transport-edges.js'

const transport = new DirectTransport()

describeTransport('DirectTransport', transport)
describeTransport('DirectTransport with round_robin', {
  connect: (options) => transport.connect({ ...options, loadBalancing: 'round_robin' }),
})
describeTransport('SharedConnections of DirectTransport', new SharedConnections(transport))
describeEdges('DirectTransport', transport)

import assert from 'node:assert/strict'
import { declareModuleMetrics, optInMetrics } from '../../metrics/module-metrics.js'
import { MetricRegistry } from '../../metrics/registry.js'

const grpc = ['k6/net/grpc']
const ours = ['grpc_reqs', 'grpc_req_failed', 'grpc_streams_time_to_first_msg', 'grpc_streams_time_between_msgs']

describe('declareModuleMetrics', () => {
  it('declares the metrics of streams for a script that imports k6/net/grpc, and only then', () => {
    const registry = new MetricRegistry()
    declareModuleMetrics(registry, ['k6', 'k6/metrics'])
    assert.equal(registry.get('grpc_streams'), undefined)
    declareModuleMetrics(registry, grpc)
    declareModuleMetrics(registry, grpc)
    for (const name of ['grpc_streams', 'grpc_streams_msgs_sent', 'grpc_streams_msgs_received']) {
      assert.deepEqual(registry.get(name), { name, type: 'counter', contains: 'default' })
    }
    for (const name of ours) assert.equal(registry.get(name), undefined, name)
  })
})

describe('optInMetrics', () => {
  const namesOf = (registry: MetricRegistry, modules: string[], thresholds: string[]) =>
    optInMetrics(registry, modules, thresholds).map(({ name }) => name)

  it('are those that a threshold names, as a whole or in part', () => {
    const registry = new MetricRegistry()
    assert.deepEqual(namesOf(registry, grpc, ours), ours)
    assert.deepEqual(namesOf(registry, grpc, ['grpc_req_failed{method:SayHello}', 'grpc_req_failed', 'iterations']), [
      'grpc_req_failed',
    ])
    assert.deepEqual(namesOf(registry, grpc, ['grpc_reqsx', 'xgrpc_reqs', 'grpc_reqs{', 'grpc_reqs}']), [])
    assert.deepEqual(namesOf(registry, grpc, []), [])
  })

  it('are none when the script does not import the module', () => {
    assert.deepEqual(namesOf(new MetricRegistry(), ['k6'], ours), [])
  })

  it('are never those whose names the script has taken, of whatever type', () => {
    const registry = new MetricRegistry()
    registry.declare('grpc_reqs', 'counter')
    registry.declare('grpc_req_failed', 'gauge')
    assert.deepEqual(namesOf(registry, grpc, ours), ours.slice(2))
  })

  it('count as metrics of the registry, but not against what a script may declare', () => {
    const registry = new MetricRegistry({ maxCustomMetrics: 1 })
    for (const metric of optInMetrics(registry, grpc, ours)) registry.switchOn(metric)
    registry.declare('mine', 'counter')
    assert.deepEqual(
      ours.map((name) => [registry.get(name)?.type, registry.optIn(name) === registry.get(name)]),
      [
        ['counter', true],
        ['rate', true],
        ['trend', true],
        ['trend', true],
      ],
    )
    assert.equal(registry.get('grpc_streams_time_between_msgs')?.contains, 'time')
    assert.equal(registry.optIn('mine'), undefined)
    assert.equal(registry.optIn('iterations'), undefined)
  })
})

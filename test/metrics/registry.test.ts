import assert from 'node:assert/strict'
import { MetricRegistry } from '../../metrics/registry.js'

describe('MetricRegistry', () => {
  it("knows k6's own metrics from the start", () => {
    const registry = new MetricRegistry()
    assert.deepEqual(registry.get('grpc_req_duration'), { name: 'grpc_req_duration', type: 'trend', contains: 'time' })
    assert.deepEqual(registry.get('data_sent'), { name: 'data_sent', type: 'counter', contains: 'data' })
    assert.equal(registry.all().length, 25)
  })

  it('gives the same metric for the same declaration', () => {
    const registry = new MetricRegistry()
    assert.equal(registry.declare('mine', 'trend', 'time'), registry.declare('mine', 'trend', 'time'))
    assert.equal(registry.declare('iterations', 'counter'), registry.get('iterations'))
  })

  for (const name of ['', 'a', '9lead', 'has space', 'has-dash', 'has.dot', 'å', 'ab\n', 'x'.repeat(130)]) {
    it(`refuses the name ${JSON.stringify(name.slice(0, 12))}`, () => {
      assert.throws(() => new MetricRegistry().declare(name, 'counter'), {
        code: 'SCRIPT_EXCEPTION',
        message: `Invalid metric name: '${name}'. Metric names must only include up to 128 ASCII letters, numbers, or underscores and start with a letter or an underscore.`,
      })
    })
  }

  it('takes names of 2 to 129 characters', () => {
    const registry = new MetricRegistry()
    assert.equal(registry.declare('ab', 'counter').name, 'ab')
    assert.equal(registry.declare('x'.repeat(129), 'counter').name.length, 129)
  })

  it('refuses another type or value type for a name that is taken', () => {
    const registry = new MetricRegistry()
    registry.declare('okm', 'counter')
    assert.throws(() => registry.declare('okm', 'rate'), {
      message: "metric 'okm' already exists but with type counter, instead of rate",
    })
    assert.throws(() => registry.declare('iterations', 'counter', 'time'), {
      message: "metric 'iterations' already exists but with a value type default, instead of time",
    })
  })

  it('refuses metrics without end', () => {
    const registry = new MetricRegistry({ maxCustomMetrics: 1 })
    registry.declare('one', 'counter')
    assert.throws(() => registry.declare('two', 'counter'), { code: 'LIMIT_SIZE' })
  })
})

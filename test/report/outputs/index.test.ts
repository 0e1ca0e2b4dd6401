import assert from 'node:assert/strict'
import { runWith } from './run-with.js'

describe('createOutput', () => {
  it('names the outputs there are when asked for another', async () => {
    await assert.rejects(() => runWith('nope=1', []), {
      exitCode: 255,
      message:
        "invalid output type 'nope', available types are: cloud, csv, experimental-opentelemetry, experimental-prometheus-rw, influxdb, json, opentelemetry, statsd, web-dashboard",
    })
  })

  for (const type of ['cloud', 'influxdb', 'web-dashboard', 'statsd', 'kafka']) {
    it(`says that ${type} is not there`, async () => {
      await assert.rejects(() => runWith(type, []), { code: 'NOT_SUPPORTED', message: new RegExp(`'${type}' output`) })
    })
  }
})

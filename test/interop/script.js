// Reflection, health, calls and streams, the same against every server of interop.proto. Each check is one claim.
import { check } from 'k6'
import grpc from 'k6/net/grpc'

export const options = { thresholds: { checks: ['rate==1'] } }

const peer = (method) => `interop.Peer/${method}`

/** What a stream gave: its messages, then its end or its error. */
function collect(client, method, requests) {
  return new Promise((resolve) => {
    const stream = new grpc.Stream(client, peer(method))
    const got = []
    stream.on('data', (message) => got.push(message))
    stream.on('error', (e) => got.push(e.message))
    stream.on('end', () => resolve(got))
    for (const request of requests) stream.write(request)
    stream.end()
  })
}

function messageOf(f) {
  try {
    return f()
  } catch (e) {
    return e.message
  }
}

export default async function () {
  const without = new grpc.Client()
  const refusal = messageOf(() => without.connect(__ENV.PLAIN, { plaintext: true, reflect: true }))
  check(refusal, {
    'a server without reflection says so': (text) => /^can't list services: rpc error: code = Unimplemented/.test(text),
    'its connection is there all the same': () => without.healthCheck().status === grpc.HealthCheckServing,
  })
  without.close()

  for (const port of ['REFL_V1', 'REFL_V1ALPHA', 'REFL_BOTH']) {
    const client = new grpc.Client()
    const is = (what, value, wanted) =>
      check(JSON.stringify(value), { [`${port}: ${what}`]: (text) => text === JSON.stringify(wanted) }) ||
      console.error(port, what, JSON.stringify(value))

    is(
      'connects',
      messageOf(() => client.connect(__ENV[port], { plaintext: true, reflect: true })),
      true,
    )

    const note = {
      text: 'Grüße, 世界',
      number: '-9007199254740993',
      tags: ['a', ''],
      replyTo: { text: '', number: '0', tags: [], replyTo: null, weights: {} },
      weights: { half: 0.5 },
    }
    const echo = client.invoke(peer('Echo'), note)
    is('a call succeeds', [echo.status, echo.error], [0, null])
    is('a message survives', echo.message, note)
    const large = 'x'.repeat(1_000_000)
    is('a large one too', client.invoke(peer('Echo'), { text: large }).message.text === large, true)
    is('a method may be missing', client.invoke(peer('MissingOnServer'), {}).status, grpc.StatusUnimplemented)
    const many = await Promise.all(
      [...'abcdef'].map((text) => client.asyncInvoke(peer('Echo'), { text }, { timeout: '30s' })),
    )
    is('calls go side by side', many.map(({ message }) => message.text).join(''), 'abcdef')

    const items = await collect(client, 'Source', [{ count: 100 }])
    is('a server streams', [items.length, items[99]], [100, { index: 100, text: 'item 100' }])
    is('a stream may be empty', await collect(client, 'Source', [{ count: 0 }]), [])
    is('a client streams', await collect(client, 'Sink', [{ text: 'ab' }, {}, { text: 'c' }]), [
      { count: 3, bytes: '7' },
    ])
    const back = await collect(
      client,
      'Bidi',
      [...'xyz'].map((text) => ({ text })),
    )
    const others = await Promise.all(
      Array.from({ length: 200 }, (_, i) => {
        // Names and values that come again, that come once, and that do not fit any table.
        const metadata = { same: 'x', [`own-${i % 70}`]: 'y'.repeat((i * 41) % 3000), 'some-bin': new Uint8Array([i]) }
        return client.asyncInvoke(peer('Echo'), { text: `${i}` }, { metadata, timeout: '30s' })
      }),
    )
    const texts = others.map(({ message }, i) => message && message.text === `${i}`)
    is('headers may be of all sizes', texts.includes(false), false)
    const blocks = await Promise.all(
      [...'abcd'].map((c) => client.asyncInvoke(peer('Echo'), { text: c.repeat(1_000_000) }, { timeout: '30s' })),
    )
    is('large messages go side by side', blocks.map(({ message }) => message.text[999_999]).join(''), 'abcd')
    is('both stream', back.map(({ text }) => text).join(''), 'xyz')

    is('serves', client.healthCheck(), { status: grpc.HealthCheckServing })
    is('a service serves', client.healthCheck('conf.up').status, grpc.HealthCheckServing)
    is('a service does not', client.healthCheck('conf.down').status, grpc.HealthCheckNotServing)
    is('a service is undecided', client.healthCheck('conf.undecided').status, grpc.HealthCheckUnknown)
    is('a service is gone', client.healthCheck('conf.gone').status, grpc.HealthCheckServiceUnkown)
    const unknown = messageOf(() => client.healthCheck('nobody'))
    is('a service is unknown', unknown, 'rpc error: code = NotFound desc = unknown service')
    client.close()
  }
}

import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { RateLimit } from '../../../host/secrets/rate-limit.js'
import { SecretSources } from '../../../host/secrets/secret-sources.js'
import { parseSourceSpec } from '../../../host/secrets/source-spec.js'
import { readUrlSettings } from '../../../host/secrets/url-settings.js'
import { UrlSource } from '../../../host/secrets/url-source.js'

type Handler = (request: IncomingMessage, response: ServerResponse) => void

describe('the secret source url', () => {
  let server: Server
  let base: string
  let handler: Handler
  let requests: string[]

  before(async () => {
    server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim())
      handler(request, response)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  beforeEach(() => {
    requests = []
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })

  const surroundings = (environment = {}, readFile = (_path: string): string => assert.fail()) => ({
    environment,
    readFile,
  })

  /** A source whose waits take no time; answers how long they were to be. */
  function source(config: string, environment = {}) {
    const waits: number[] = []
    const settings = readUrlSettings(parseSourceSpec(`url=${config}`, 0), 0, surroundings(environment))
    const wait = async (ms: number) => void waits.push(ms)
    return { waits, url: new UrlSource(settings, { now: () => 0, wait, random: () => 0.5 }) }
  }

  it('takes the whole answer, or what stands at responsePath', async () => {
    handler = (_request, response) => response.end('{"data":{"value":"hush","list":[{"n":5}],"none":null}}')
    const at = (path: string) => source(`urlTemplate=${base}/{key},responsePath=${path}`).url.get('k')
    assert.equal(
      await source(`urlTemplate=${base}/{key}`).url.get('k'),
      '{"data":{"value":"hush","list":[{"n":5}],"none":null}}',
    )
    assert.equal(await at('data.value'), 'hush')
    assert.equal(await at('data.list.0.n'), '5')
    for (const path of ['data', 'data.none', 'nope.value', 'data.constructor.name']) {
      await assert.rejects(at(path), { message: `the answer to the request for the secret has no text at "${path}"` })
    }
    handler = (_request, response) => response.end('plain')
    await assert.rejects(at('data'), { message: 'the answer to the request for the secret is not JSON' })
  })

  it('sends method and headers, and keeps the key in its place', async () => {
    handler = (_request, response) => response.end('x')
    const { url } = source(`urlTemplate=${base}/v1/{key}?again={key},method=post,headers.Authorization=Bearer t`)
    for (const key of ['a b', '../../admin', 'x?y#z', '$&']) await url.get(key)
    assert.deepEqual(requests, [
      'POST /v1/a%20b?again=a%20b Bearer t',
      'POST /v1/..%2F..%2Fadmin?again=..%2F..%2Fadmin Bearer t',
      'POST /v1/x%3Fy%23z?again=x%3Fy%23z Bearer t',
      'POST /v1/%24%26?again=%24%26 Bearer t',
    ])
    for (const key of ['..', '.', '\ud800']) await assert.rejects(url.get(key), { message: 'no value' })
    assert.equal(requests.length, 4)
  })

  it('tries again after 5xx, 429 and broken connections, later each time', async () => {
    const answers = [500, 429, 0, 200]
    handler = (_request, response) => {
      const status = answers.shift()!
      if (status === 0) response.destroy()
      else response.writeHead(status).end('hush')
    }
    const { url, waits } = source(`urlTemplate=${base}/{key},retryBackoff=2s`)
    assert.equal(await url.get('k'), 'hush')
    assert.deepEqual(waits, [2500, 4500, 8500])
  })

  it('gives up after maxRetries, and at once for other answers; says nothing of the address', async () => {
    handler = (_request, response) => response.writeHead(503).end()
    await assert.rejects(source(`urlTemplate=${base}/{key},maxRetries=2`).url.get('k'), {
      message: 'the request for the secret was answered with status code 503',
    })
    assert.equal(requests.length, 3)
    handler = (_request, response) => response.writeHead(404).end()
    await assert.rejects(source(`urlTemplate=${base}/{key}`).url.get('k'), {
      message: 'the request for the secret was answered with status code 404',
    })
    assert.equal(requests.length, 4)
    handler = (_request, response) => response.destroy()
    await assert.rejects(source(`urlTemplate=${base}/{key},maxRetries=0`).url.get('k'), {
      message: 'the request for the secret failed',
    })
  })

  it('waits for an answer as long as it was told, and reads no endless one', async () => {
    handler = () => {}
    await assert.rejects(source(`urlTemplate=${base}/{key},timeout=20ms,maxRetries=0`).url.get('k'), {
      message: 'no answer within 20 ms',
    })
    handler = (_request, response) => {
      const more = () => {
        while (response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    }
    await assert.rejects(source(`urlTemplate=${base}/{key}`).url.get('k'), /larger than 1048576 bytes/)
  })

  it('asks once for a secret, also when many ask at once, but again after a failure', async () => {
    let status = 404
    handler = (_request, response) => response.writeHead(status).end('hush')
    const sources = SecretSources.open([`url=urlTemplate=${base}/{key}`], surroundings(), () => {})
    await assert.rejects(sources.get(undefined, 'k'))
    status = 200
    assert.deepEqual(await Promise.all([1, 2, 3].map(() => sources.get(undefined, 'k'))), ['hush', 'hush', 'hush'])
    assert.equal(await sources.get(undefined, 'k'), 'hush')
    assert.equal(requests.length, 2)
    sources.close()
  })

  it('is set up by the environment, under a file, under the command line', () => {
    const file = JSON.stringify({
      urlTemplate: 'https://file/{key}',
      headers: { 'X-Key': 'f', Authorization: 'f' },
      maxRetries: 7,
      timeout: '2s',
    })
    const environment = {
      K6_SECRET_SOURCE_URL_URL_TEMPLATE: 'https://env/{key}',
      K6_SECRET_SOURCE_URL_HEADER_X_TOKEN: 'e',
      K6_SECRET_SOURCE_URL_MAX_RETRIES: '1',
      K6_SECRET_SOURCE_URL_REQUESTS_PER_MINUTE_LIMIT: '60',
      K6_SECRET_SOURCE_URL_REQUESTS_BURST: '2',
      K6_SECRET_SOURCE_URL_RESPONSE_PATH: 'a.b',
      K6_SECRET_SOURCE_URL_RETRY_BACKOFF: '500ms',
    }
    const spec = parseSourceSpec('url=config=f.json,timeout=3s,headers.X-Key=inline', 0)
    const { headers, ...settings } = readUrlSettings(
      spec,
      0,
      surroundings(environment, () => file),
    )
    assert.deepEqual(Object.fromEntries(headers), { 'x-token': 'e', 'X-Key': 'inline', Authorization: 'f' })
    assert.deepEqual(settings, {
      urlTemplate: 'https://file/{key}',
      method: 'GET',
      responsePath: 'a.b',
      timeoutMs: 3000,
      requestsPerMinuteLimit: 60,
      requestsBurst: 2,
      maxRetries: 7,
      retryBackoffMs: 500,
    })
  })
})

describe('RateLimit', () => {
  it('lets a burst through and spreads the rest', () => {
    let now = 0
    const limit = new RateLimit(60, 2, () => now)
    assert.deepEqual([limit.take(), limit.take(), limit.take(), limit.take()], [0, 0, 1000, 2000])
    now = 10_000
    assert.deepEqual([limit.take(), limit.take(), limit.take()], [0, 0, 1000])
  })
})

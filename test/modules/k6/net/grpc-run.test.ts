/** `k6/net/grpc` in whole runs: connections, samples and errors beyond one iteration. */
import assert from 'node:assert/strict'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../../../../package-root.js'
import { serve, stopServers, type TestServer } from '../../../host/grpc/scripted-server.js'
import { type RunOutcome, runScript } from '../../../support/run-script.js'
import { echo, echoScript, streaming } from './echo-script.js'

describe('a run with k6/net/grpc', () => {
  afterEach(stopServers)

  async function run(script: string): Promise<RunOutcome & { server: TestServer }> {
    const server = await serve(echo)
    const source = echoScript(server.address, script)
    const mainUrl = pathToFileURL(`${packageRoot}/test/protos/script.js`).href
    const outcome = await runScript(source, { settings: { script: { mainUrl, source } } })
    return { ...outcome, server }
  }

  it('lets the log tell of a rejection that nobody takes', async () => {
    const { said, errors } = await run(`
      export default function () {
        connect()
        client.asyncInvoke('echo.Echo/Nope', {})
        console.log('end of the function')
      }`)
    assert.deepEqual(said, ['end of the function'])
    assert.deepEqual(
      errors.map((text) => text.split('\n')[0]),
      ['Uncaught (in promise) method "/echo.Echo/Nope" not found in file descriptors'],
    )
  })

  it('calls in setup and teardown too, with connections of their own', async () => {
    const { said, server, exitCode } = await run(`
      const call = (text) => client.invoke('echo.Echo/Go', { text }).message.text
      export function setup() {
        connect()
        return call('from setup')
      }
      export default function (data) {
        console.log(attempt(() => call('x')))
        connect()
        console.log(call(data))
      }
      export function teardown() {
        connect()
        console.log(call('from teardown'))
      }`)
    assert.deepEqual(said, ['GoError: no gRPC connection, you must call connect first', 'from setup', 'from teardown'])
    assert.deepEqual([server.sessions.length, exitCode], [3, 0])
  })

  it('ends the run before it begins when the init code connects', async () => {
    await assert.rejects(run(`connect(); export default function () {}`), {
      message: /connecting to a gRPC server in the init context is not supported/,
    })
  })

  it('keeps the connection of a VU over its iterations, whatever is said of reuse', async () => {
    const { said, server, count } = await run(`
      export const options = { iterations: 3, noConnectionReuse: true, noVUConnectionReuse: true }
      export default function () {
        if (__ITER === 0) console.log(connect())
        console.log(client.invoke('echo.Echo/Go', {}).status)
      }`)
    assert.deepEqual(said, ['true', '0', '0', '0'])
    assert.equal(server.sessions.length, 1)
    assert.ok(count('data_sent')! > 100 && count('data_received')! > 100)
  })

  it('has its metrics before the first sample, so that thresholds may name them', async () => {
    const names = ['grpc_req_duration', 'grpc_streams', 'grpc_streams_msgs_sent', 'grpc_streams_msgs_received']
    const thresholds = Object.fromEntries(
      names.map((name) => [name, [name === 'grpc_req_duration' ? 'max<1000' : 'count>=0']]),
    )
    const { exitCode } = await run(`
      export const options = { thresholds: ${JSON.stringify(thresholds)} }
      export default function () {}`)
    assert.equal(exitCode, 0)
  })

  it('ends when a handler of data throws, and fails the iteration', async () => {
    const { said, errors } = await run(
      streaming(`
        stream.on('data', () => { throw new Error('in data') })
        stream.on('error', (e) => console.log('error', e.code, e.message.split(' at ')[0]))
        stream.on('end', tell('end'))
        stream.write({ text: 'a' })`),
    )
    assert.deepEqual(said, ['error 2 Error: in data', 'end {}', 'error 2 canceled by client (k6)'])
    assert.match(errors.join(), /^Error: in data/)
  })

  it('keeps the iteration open beside others of its client, and counts', async () => {
    const { said, count } = await run(`
        export default function () {
          connect()
          for (const text of ['a', 'b']) {
            const stream = new grpc.Stream(client, 'echo.Echo/Bidi')
            stream.on('data', (message) => {
              console.log(message.text)
              if (message.text === 'a') stream.write({ text: 'aa' })
              stream.end()
            })
            stream.write({ text })
          }
          console.log('returned')
        }`)
    assert.deepEqual(said.slice(0, 1), ['returned'])
    assert.deepEqual(said.slice(1).sort(), ['a', 'aa', 'b'])
    const counts = ['grpc_streams', 'grpc_streams_msgs_sent', 'grpc_streams_msgs_received', 'iterations'].map(count)
    assert.deepEqual(counts, [2, 3, 3, 1])
  })
})

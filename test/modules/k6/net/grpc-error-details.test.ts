/** The hidden `errorDetails` of responses, as scripts see it. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { packageRoot } from '../../../../package-root.js'
import { serve, stopServers } from '../../../host/grpc/scripted-server.js'
import { runScript } from '../../../support/run-script.js'

const protos = join(packageRoot, 'examples/single-connection')

/** google.rpc.Status with the code 5 and an Any of google.rpc.Help. */
const details = Buffer.concat([Buffer.from([8, 5, 26, 19, 10, 17]), Buffer.from('x/google.rpc.Help')])

describe('response.errorDetails', () => {
  afterEach(stopServers)

  /** What a script says that calls a method which fails when it is asked for something. */
  async function said(body: string): Promise<string[]> {
    const { address } = await serve(async (call) => {
      const request = await call.read()
      if (!request?.length) {
        call.send('')
        call.finish()
      } else call.finish({ 'grpc-status': '5', 'grpc-status-details-bin': details.toString('base64') })
    })
    const outcome = await runScript(`
      import grpc from 'k6/net/grpc'
      const client = new grpc.Client()
      client.load([${JSON.stringify(protos)}], 'hello.proto')
      const hello = '/hello.HelloService/SayHello'
      export default async function () {
        client.connect(${JSON.stringify(address)}, { plaintext: true })
        ${body}
      }`)
    assert.deepEqual(outcome.errors, [])
    return outcome.said
  }

  it('has the details of a failed call, of invoke() and asyncInvoke()', async () => {
    const json = '[{"@type":"x/google.rpc.Help","links":[]}] {}'
    const body = `
      const show = ({ errorDetails, error }) => console.log(JSON.stringify(errorDetails) + ' ' + JSON.stringify(error))
      show(client.invoke(hello, { greeting: 'x' }))
      show(await client.asyncInvoke(hello, { greeting: 'x' }))`
    assert.deepEqual(await said(body), [json, json])
  })

  it('is not seen by a script that does not ask for it, and cannot be written', async () => {
    const body = `
      Object.prototype.get = () => 1
      const response = client.invoke(hello, { greeting: 'x' })
      delete Object.prototype.get
      const { message, ...rest } = response
      console.log(Object.keys(response).join(), Object.keys(rest).join(), 'errorDetails' in JSON.parse(JSON.stringify(response)))
      for (const key in response) console.log(key)
      try { response.errorDetails = 1 } catch (e) { console.log(e.name) }`
    assert.deepEqual(await said(body), [
      'message,error,headers,trailers,status error,headers,trailers,status false',
      ...['message', 'error', 'headers', 'trailers', 'status'],
      'TypeError',
    ])
  })

  it('is not there when the call is OK', async () => {
    const body = `
      const response = client.invoke(hello, {})
      console.log('errorDetails' in response, Object.getOwnPropertyNames(response).join())`
    assert.deepEqual(await said(body), ['false message,error,headers,trailers,status'])
  })
})

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { packageRoot } from '../../../package-root.js'
import { type Answer, serve, stopServers } from '../../host/grpc/scripted-server.js'
import { type RunOutcome, runScript } from '../../support/run-script.js'

const protos = join(packageRoot, 'examples/single-connection')

/** Ends as its first message says: `HelloRequest { greeting: "STATUS TEXT" }`; replies once before that. */
const answer: Answer = async (call) => {
  const [status = '0', message = ''] = (await call.read())?.subarray(2).toString().split(' ') ?? []
  call.open({ from: 'here' })
  call.send('')
  call.finish({ 'grpc-status': status, 'grpc-message': message, to: 'there' })
}

/** Runs one iteration of `body`, with `open()` for a connected stream, `say()` for the console, and `text()` for JSON. */
async function run(body: string, vus = 1): Promise<RunOutcome> {
  const { address } = await serve(answer)
  const script = `
    import grpc from 'k6/net/grpc'
    const client = new grpc.Client()
    client.load([${JSON.stringify(protos)}], 'hello.proto')
    const open = (params) => {
      client.connect(${JSON.stringify(address)}, { plaintext: true })
      return new grpc.Stream(client, '/hello.HelloService/BidiHello', params)
    }
    const say = (...words) => console.log(words.join(' '))
    const text = (status) => say(JSON.stringify(status))
    export const options = { iterations: ${vus}, vus: 1 }
    ${body}`
  return runScript(script)
}

const headers = { 'content-type': ['application/grpc'], from: ['here'] }
const trailers = { to: ['there'] }
const ok = JSON.stringify({ code: 0, message: '', details: [], headers, trailers })

describe('stream.status', () => {
  afterEach(stopServers)

  const saysAlso = async (body: string, said: string[], errors: string[] = []) => {
    const outcome = await run(body)
    assert.deepEqual([outcome.said, outcome.errors.map((line) => line.split('\n')[0])], [said, errors])
    assert.equal(outcome.exitCode, 0)
  }
  const says = (body: string, ...said: string[]) => saysAlso(body, said)

  it('is not seen by a script that does not ask for it', () =>
    says(
      `export default function () {
        const s = open()
        say(Object.keys(s), JSON.stringify(s), Object.entries({ ...s }).length)
        for (const key in s) say(key)
        console.log(s)
        s.end()
      }`,
      'on,write,end {} 3',
      'on',
      'write',
      'end',
      '{ on: [object Function], write: [object Function], end: [object Function] }',
    ))

  it('resolves with what the server said, after the handlers of the end, in its task', () =>
    says(
      `export default function () {
        const s = open()
        s.status.then((status) => { say('status'); text(status) })
        s.on('end', () => { say('end'); setTimeout(() => say('timer')) })
        s.on('end', () => { Promise.resolve().then(() => say('job')); say('end again') })
        s.end()
      }`,
      'end',
      'end again',
      'status',
      ok,
      'job',
      'timer',
    ))

  it('is the same promise each time, and one that is first asked for when all is over', () =>
    says(
      `let s
      export default async function () {
        if (__ITER === 1) return text(await s.status)
        s = open()
        say(s.status === s.status)
        s.end()
        await s.status
        s = open()
        s.end()
      }
      options.iterations = 2`,
      'true',
      ok,
    ))

  it('tells of failures as the error event does, without being one', () =>
    saysAlso(
      `export default async function () {
        const s = open()
        s.on('error', (e) => say('error', e.code, e.message, JSON.stringify(e.errorDetails), Object.keys(e)))
        s.on('end', () => say('end'))
        s.write({ greeting: '9 no' })
        text(await s.status)
      }`,
      [
        'error 9 no [] code,details,message',
        'end',
        JSON.stringify({ code: 9, message: 'no', details: [], headers, trailers }),
      ],
    ))

  it('has what this side ended the stream with', () =>
    says(
      `export default async function () {
        for (const stop of [(s) => client.close(), (s) => s.write({ nope: 1 })]) {
          const s = open()
          s.on('error', (e) => say('error', e.message))
          stop(s)
          const { code, message, details } = await s.status
          say(code, message, details.length)
        }
        const { code, message } = await open({ timeout: 50 }).status
        say(code, message)
      }`,
      'error canceled by client (k6)',
      '2 canceled by client (k6) 0',
      'error can\'t serialise request object to protocol buffer: proto:\u00a0(line 1:2): unknown field "nope"',
      '2 can\'t serialise request object to protocol buffer: proto:\u00a0(line 1:2): unknown field "nope" 0',
      'error canceled by client (k6)',
      '4 context deadline exceeded',
    ))

  it('has the exception of a handler of data, which ends the stream', () =>
    saysAlso(
      `let s
      export default async function () {
        if (__ITER === 1) return text(await s.status)
        s = open()
        s.on('data', () => { throw new Error('mine') })
        s.on('error', () => {})
        s.end()
      }
      options.iterations = 2`,
      [JSON.stringify({ code: 2, message: 'Error: mine', details: [], headers: {}, trailers: {} })],
      ['Error: mine'],
    ))

  it('keeps nothing open, and a handler of an event of that name is never called', () =>
    says(
      `export default function () {
        const s = open()
        s.on('status', () => say('never'))
        s.on('end', () => say('end'))
        s.status
        s.end()
      }`,
      'end',
    ))

  it('leaves the name to a script that wants it', () =>
    says(
      `export default function () {
        const s = open()
        const heir = Object.create(s)
        heir.status = 1
        s.status = 'mine'
        s.status += '!'
        say(s.status, heir.status, Object.keys(s), Object.keys(heir))
        s.end()
      }`,
      'mine! 1 on,write,end,status status',
    ))

  it('does not depend on what a script does to built-ins', () =>
    says(
      `const then = Promise.prototype.then
      Object.assign(Object.prototype, { get: 1, value: 2, writable: true })
      JSON.parse = () => say('never')
      globalThis.Promise = class {}
      export default function () {
        const s = open()
        then.call(s.status, (status) => say(status.code))
        s.end()
      }`,
      '0',
    ))
})

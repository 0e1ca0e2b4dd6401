import assert from 'node:assert/strict'
import { responseText } from '../../../host/grpc/response-json.js'
import type { CallResult } from '../../../host/grpc/transport.js'
import { responseJson } from './guest-texts.js'
import { schemaOf } from './schema/memory-files.js'

const schema = schemaOf(
  'syntax = "proto3"; package t; message M { int32 n = 1; optional string s = 2; } service S { rpc One(M) returns (M); }',
)
const method = schema.method('t.S/One')!

function shown(result: Partial<CallResult>, discards = false): unknown {
  const whole = { status: 0, message: '', headers: new Map(), trailers: new Map([['a', ['b']]]), ...result }
  const response = responseText(schema, method, whole, discards)
  assert.ok('text' in response)
  return JSON.parse(responseJson(response.text))
}

describe('the response of a call', () => {
  /** google.rpc.Status with the code 5 and details: an Any of google.rpc.Help, and one of type t.Gone. */
  const details = Buffer.concat([
    Buffer.from([8, 5, 26, 19, 10, 17]),
    Buffer.from('x/google.rpc.Help'),
    Buffer.from([26, 10, 10, 8]),
    Buffer.from('x/t.Gone'),
  ])
  const rest = { headers: {}, trailers: { a: ['b'] } }

  it('has nothing of errors when it is OK, whatever details the server sent', () => {
    const wanted = { message: { n: 3 }, error: null, ...rest, status: 0 }
    assert.deepEqual(shown({ response: Buffer.from([8, 3]) }), wanted)
    assert.deepEqual(shown({ response: Buffer.from([8, 3]), details }), wanted)
  })

  it('has the list of all details when it failed, besides the error as k6 shows it', () => {
    const failed = { message: { n: 0 }, ...rest, status: 5 }
    const error = { code: 5, message: 'no', details: [] }
    assert.deepEqual(shown({ status: 5, message: 'no' }), { ...failed, error, errorDetails: [] })
    const errorDetails = [
      { '@type': 'x/google.rpc.Help', links: [] },
      { '@type': 'x/t.Gone', value: '' },
    ]
    assert.deepEqual(shown({ status: 5, message: 'no', details }), { ...failed, error: {}, errorDetails })
    assert.deepEqual(shown({ status: 5, message: 'no', details }, true), {
      ...failed,
      message: null,
      error: {},
      errorDetails,
    })
  })

  it('has the error code as the int32 of a google.rpc.Status', () => {
    const { error, status } = shown({ status: 2 ** 32 - 1 }) as { error: { code: number }; status: number }
    assert.deepEqual([error.code, status], [-1, 2 ** 32 - 1])
  })

  it('is none for a message with more JSON than the limit, as for one without JSON', () => {
    const response = Buffer.concat([Buffer.from([18, 0x80, 0x80, 0x80, 1]), Buffer.alloc(2 * 1024 * 1024, 1)])
    const result = { status: 0, message: '', headers: new Map(), trailers: new Map(), response }
    const answer = responseText(schema, method, result, false)
    assert.ok('conversionError' in answer)
    assert.match(answer.conversionError, /^failed to marshal the message: the JSON of a message is longer/)
    assert.equal(answer.status, 0)
  })

  it('has an empty list for a call that fails here, since the response is no message', () => {
    const response = shown({ response: Buffer.from([8]), details }) as { status: number; errorDetails: unknown }
    assert.equal(response.status, 13)
    assert.deepEqual(response.errorDetails, [])
  })

  it('leaves out headers and trailers only for who knows the very same', () => {
    const textFor = (trailer: string, known?: number) => {
      const trailers = new Map([['a', [trailer]]])
      const result = { status: 0, message: '', headers: new Map(), trailers, response: Buffer.from([8, 3]) }
      const answer = responseText(schema, method, result, false, known)
      return 'text' in answer ? String(answer.text) : ''
    }
    const first = textFor('first')
    const number = Number(first.split('\n')[1])
    assert.equal(first, `\n${number}\n{}\n{"a":["first"]}\n{"n":3}`)
    assert.equal(textFor('first', number), '{"n":3}')
    assert.equal(textFor('first', number - 1), first)
    assert.equal(textFor('second', number), `\n${number + 1}\n{}\n{"a":["second"]}\n{"n":3}`)
    assert.equal(textFor('first', number), '{"n":3}')
  })
})

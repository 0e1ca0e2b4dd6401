import assert from 'node:assert/strict'
import { isGuestError } from './guest-errors.js'
import { LoopbackVu } from './loopback-vu.js'
import { type Answer, type ServerCall, serve, stopServers } from './scripted-server.js'

const proto = `syntax = "proto3"; package t;
message M { int32 n = 1; }
service S { rpc Unary(M) returns (M); }`
const retryPolicy = [
  'o',
  [
    ['maxAttempts', 3],
    ['initialBackoff', '1ms'],
    ['maxBackoff', '1ms'],
    ['backoffMultiplier', 1],
    ['retryableStatusCodes', ['a', ['UNAVAILABLE']]],
  ],
]

describe('the parameters of connect() that k6 does not have', () => {
  const vus: LoopbackVu[] = []

  afterEach(async () => {
    for (const vu of vus.splice(0)) vu.close()
    await stopServers()
  })

  async function connected(answer: Answer, params: [string, unknown][]): Promise<LoopbackVu> {
    const { address } = await serve(answer)
    const vu = new LoopbackVu(proto)
    vus.push(vu)
    await vu.connect(address, params)
    return vu
  }

  const answer: Answer = async (call) => {
    await call.read()
    call.send('')
    call.finish()
  }
  const statusOf = (response: string) => (JSON.parse(response) as { status: number }).status
  const attemptOf = (call: ServerCall) => Number(call.headers['grpc-previous-rpc-attempts'] ?? 0) + 1

  it('pack the messages of every call that does not say otherwise, health checks among them', async () => {
    const seen: unknown[] = []
    const vu = await connected(
      (call) => {
        seen.push(call.headers['grpc-encoding'])
        return answer(call)
      },
      [['compression', 'gzip']],
    )
    await vu.invoke('t.S/Unary', '{"n":1}')
    await vu.invoke('t.S/Unary', '{"n":1}', [['compression', 'identity']])
    await vu.healthCheck()
    assert.deepEqual(seen, ['gzip', undefined, 'gzip'])
  })

  it('leave calls as they are when they are not given', async () => {
    const seen: ServerCall[] = []
    const vu = await connected((call) => {
      seen.push(call)
      call.finish({ 'grpc-status': '14' })
    }, [])
    assert.equal(statusOf(await vu.invoke('t.S/Unary', '{"n":1}')), 14)
    const headers = seen.map((call) => Object.keys(call.headers).filter((name) => name.startsWith('grpc-')))
    assert.deepEqual(headers, [['grpc-accept-encoding', 'grpc-timeout']])
  })

  it('make a call again, which leaves one sample', async () => {
    let attempts = 0
    const vu = await connected(
      (call) => {
        attempts++
        return attemptOf(call) < 3 ? call.finish({ 'grpc-status': '14' }) : answer(call)
      },
      [['retryPolicy', retryPolicy]],
    )
    assert.equal(statusOf(await vu.invoke('t.S/Unary', '{}')), 0)
    const samples = vu.samples().map(({ metric, tags }) => [metric, tags.status])
    assert.deepEqual([attempts, samples], [3, [['grpc_req_duration', '0']]])
  })

  it('are refused with the words of the other parameters', async () => {
    const vu = new LoopbackVu(proto)
    await assert.rejects(
      vu.connect('127.0.0.1:1', [['retryPolicy', 3]]),
      isGuestError(
        'GoError',
        "invalid grpc.connect() parameters: invalid retryPolicy value: '3', it needs to be an object with the keys " +
          'maxAttempts, initialBackoff, maxBackoff, backoffMultiplier, retryableStatusCodes',
      ),
    )
  })
})

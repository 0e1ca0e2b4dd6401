import assert from 'node:assert/strict'
import { isAppError, type RunScriptOptions, runScript } from '../../index.js'

const script = { text: 'export default () => {}' }
const refused = (options: unknown) =>
  runScript(options as RunScriptOptions).then(
    () => 'ran',
    (e: Error) => e,
  )

describe('runScript: its options', function () {
  this.timeout(60_000)

  it('refuses what has a wrong type or no meaning, and says where', async () => {
    for (const [options, message] of [
      [undefined, 'the argument must be an object, and is undefined'],
      [[], 'the argument must be an object, and is a list'],
      [{}, 'script must be an object, and is undefined'],
      [{ script, polcy: {} }, 'the argument has no "polcy"; it may have script, policy, '],
      [{ script: 'export default () => {}' }, 'script must be an object, and is string'],
      [{ script: { text: 1 } }, 'script.text must be a string, and is 1'],
      [{ script: { text: '', path: 'x' } }, 'script has either text or path, not both'],
      [{ script: { path: '' } }, 'script.path must be a string that is not empty'],
      [{ script: { path: 'a\0b' } }, 'script.path contains NUL'],
      [{ script: { ...script, name: 7 } }, 'script.name must be a string'],
      [{ script, env: { A: 1 } }, 'env.A must be a string, and is 1'],
      [{ script, threads: 0 }, 'threads must be a whole number from 1 to 256, and is 0'],
      [{ script, threads: 1.5 }, 'threads must be a whole number from 1 to 256, and is 1.5'],
      [{ script, grpcTransport: 'http3' }, "grpcTransport must be 'direct' or 'grpc-js', and is string"],
      [{ script, isolation: 'thread' }, "isolation must be 'process' or 'none', and is string"],
      [{ script, isolation: 'none' }, "isolation may be 'none' with the policy profile trusted only"],
      [{ script, signal: {} }, 'signal must be an AbortSignal, and is object'],
      [{ script, onEvent: 'x' }, 'onEvent must be a function, and is string'],
      [{ script, stopMs: -1 }, 'stopMs must be a whole number from 0 to 2147483647, and is -1'],
      [{ script, progressMs: 1 }, 'progressMs must be a whole number from 50 to 2147483647, and is 1'],
      [{ script, options: [] }, 'options must be an object, and is a list'],
      [{ script, options: { vus: 1n } }, 'options has no JSON form: '],
    ] as const) {
      const e = await refused(options)
      assert.ok(e instanceof TypeError && e.message.startsWith(`runScript: ${message}`), String(e))
    }
  })

  it('refuses policies and options of k6 that make no sense, before anything runs', async () => {
    for (const [options, code, message] of [
      [{ policy: { profile: 'open' } }, 'POLICY_INVALID', /profile/],
      [{ policy: { limits: { memory: 1 } } }, 'POLICY_INVALID', /limits\.memory/],
      [{ policy: { limits: { memoryBytes: '1mb' } } }, 'POLICY_INVALID', /limits\.memoryBytes.*out of range/],
      [{ policy: { nets: [] } }, 'POLICY_INVALID', /nets/],
      [{ options: { vuss: 1 } }, 'OPTIONS_INVALID', /unknown option "vuss"/],
      [{ options: { out: ['json'] } }, 'OPTIONS_INVALID', /unknown option "out"/],
      [{ options: { stages: 1 } }, 'OPTIONS_INVALID', /stages/],
      [{ options: { features: ['native-histograms'] } }, 'NOT_SUPPORTED', /native-histograms/],
    ] as const) {
      const e = await refused({ script, ...options })
      assert.ok(isAppError(e, code), String(e))
      assert.match(e.message, message)
    }
  })

  it('keeps no hold of what it was given', async () => {
    const options = { iterations: 2 }
    const going = runScript({ script, options, threads: 1, policy: { profile: 'trusted' } })
    options.iterations = 50
    assert.equal((await going).iterations.completed, 2)
  })
})

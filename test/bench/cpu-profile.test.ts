import assert from 'node:assert/strict'
import { timeByKind } from '../../bench/cpu-profile.js'

describe('bench: timeByKind', () => {
  const frame = (id: number, functionName: string, url: string) => ({ id, callFrame: { functionName, url } })
  const profile = {
    nodes: [
      frame(1, '(idle)', ''),
      frame(2, 'JS_CallInternal', 'wasm://wasm/0123'),
      frame(3, 'invoke', 'file:///p/dist/thread.js'),
      frame(4, 'writev', ''),
      frame(5, '(garbage collector)', ''),
      frame(6, 'request', 'node:internal/http2/core'),
      frame(7, 'start', 'file:///p/node_modules/@grpc/grpc-js/build/src/call.js'),
    ],
    samples: [3, 1, 2, 3, 4, 5, 6, 7, 2, 3],
    timeDeltas: [5, 100, 10, 20, 30, 40, 50, 60, 1, 1000],
    startTime: 1000,
    endTime: 2316,
  }

  it('sums the time of a period by kind of code, and leaves out idling', () => {
    assert.deepEqual(Object.fromEntries(timeByKind(profile, 300, 1000)), {
      'QuickJS (WebAssembly)': 11,
      belljar: 20,
      'native code, system calls': 30,
      'garbage collector': 40,
      'Node.js (http2, net, streams)': 50,
      '@grpc/grpc-js': 60,
    })
  })

  it('leaves out what was before and after', () => {
    assert.deepEqual(
      [...timeByKind(profile, 60, 1000)],
      [
        ['@grpc/grpc-js', 60],
        ['QuickJS (WebAssembly)', 1],
      ],
    )
  })
})

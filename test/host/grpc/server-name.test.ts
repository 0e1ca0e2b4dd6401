import assert from 'node:assert/strict'
import { endpointOf, serverNameOf } from '../../../host/grpc/server-name.js'

describe('serverNameOf', () => {
  for (const [address, authority, endpoint, name] of [
    ['a.test:1', '', 'a.test:1', 'a.test'],
    ['dns:///a.test:1', undefined, 'a.test:1', 'a.test'],
    ['[::1]:1', '', '[::1]:1', '::1'],
    ['10.0.0.1:1', 'b.test', '10.0.0.1:1', 'b.test'],
    ['a.test:1', 'b.test:443', 'a.test:1', 'b.test'],
    ['a.test:1', '[::1]', 'a.test:1', '::1'],
    ['no port', '', 'no port', 'no port'],
  ] as const) {
    it(`is ${name} for "${address}"${authority ? ` with the authority "${authority}"` : ''}`, () => {
      assert.deepEqual([endpointOf(address), serverNameOf(address, authority)], [endpoint, name])
    })
  }
})

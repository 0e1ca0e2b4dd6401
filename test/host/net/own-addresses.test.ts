import assert from 'node:assert/strict'
import { ownAddresses } from '../../../host/net/own-addresses.js'
import { parseIp } from '../../../policy/ip-address.js'

describe('ownAddresses', () => {
  it('has those of this machine in the form that the judge reads', () => {
    const all = ownAddresses()
    assert.ok(all.includes('127.0.0.1') || all.includes('::1'), String(all))
    for (const address of all) assert.ok(parseIp(address), address)
  })
})

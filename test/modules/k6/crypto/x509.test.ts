import assert from 'node:assert/strict'
import { full } from '../../../host/x509/certificates.js'
import { describeInVmThread } from '../../../support/in-vm-thread.js'
import { scriptVm } from '../../../support/script-vm.js'

describeInVmThread('k6/crypto/x509', import.meta.url, (it) => {
  it('gives a certificate whole or in parts, in init and in iterations', async () => {
    const found = await scriptVm(
      `import x509, { getAltNames, getIssuer, getSubject, parse } from 'k6/crypto/x509'
      const pem = open('full.pem')
      const whole = parse(pem)
      const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)
      export default function () {
        console.log(same(getAltNames(pem), whole.altNames), same(getIssuer(pem), whole.issuer), same(getSubject(pem), whole.subject))
        console.log(Object.keys(whole).join(), Object.keys(x509).join())
        console.log(whole.subject.commonName, whole.fingerPrint.length, whole.publicKey.key.kty)
        for (const bad of [undefined, 5, 'x'])
          try { x509.parse(bad) } catch (e) { console.log(e.name, e.message) }
      }`,
      { files: { 'full.pem': full } },
    )
    await found.script.enter('activate', 'vu', '{}', '{}')
    assert.deepEqual(await found.script.iteration('default', 0), { kind: 'done' })
    assert.deepEqual(found.said(), [
      'true true true',
      'subject,issuer,notBefore,notAfter,altNames,signatureAlgorithm,fingerPrint,publicKey getAltNames,getIssuer,getSubject,parse',
      'excouncil.zz 20 RSA',
      ...Array(3).fill('GoError failed to decode certificate PEM file'),
    ])
  })
})

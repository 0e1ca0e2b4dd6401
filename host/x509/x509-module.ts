/** Trusted half of `k6/crypto/x509`. */
import { defineHostModule, text } from '../../runtime/host-module.js'
import type { VuContext } from '../vu-context.js'
import { readCertificate } from './certificate.js'

export const x509 = defineHostModule<VuContext>('x509', {
  /** JSON of a certificate. */
  parse: (_vu, pem) => JSON.stringify(readCertificate(text(pem, 'certificate'))),
})

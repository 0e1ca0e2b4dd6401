/** What makes the header block of a response malformed (RFC 9113, sections 8.1 to 8.3). */

const name = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const ofHttp1 = new Set(['connection', 'proxy-connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

/**
 * The three digits of `:status`, or 0 for trailers. Undefined for a block that is malformed.
 *
 * @param fields name, value, name, value …
 */
export function statusOf(fields: readonly string[], isTrailers: boolean): number | undefined {
  let status = 0
  let isPastPseudo = false
  for (let i = 0; i < fields.length; i += 2) {
    const key = fields[i] as string
    const value = fields[i + 1] as string
    if (/[\0\r\n]/.test(value)) return undefined
    if (key.startsWith(':')) {
      if (isPastPseudo || isTrailers || key !== ':status' || status !== 0 || !/^[1-9]\d\d$/.test(value))
        return undefined
      status = Number(value)
      continue
    }
    isPastPseudo = true
    if (!name.test(key) || ofHttp1.has(key) || (key === 'te' && value !== 'trailers')) return undefined
  }
  return isTrailers || status !== 0 ? status : undefined
}

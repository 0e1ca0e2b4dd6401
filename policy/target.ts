/** Targets as scripts write them, read by a grammar of our own: which part is the host and which the port. Resolves nothing. */

/** A target as the script wrote it, taken apart. */
export interface Target {
  /** What the connection is called: the target without its scheme. */
  readonly endpoint: string
  /** A name or an address literal without brackets; not yet checked to be either. */
  readonly host: string
  /** Not yet checked to be a number, since k6 looks the name up first. */
  readonly port: string
}

/** Why a text is no target, in the words of Go's net package. */
export class TargetError extends Error {}

/** Go's dns scheme of gRPC adds this port when the target has none. */
const dnsDefaultPort = '443'

/**
 * Takes `host:port` apart, with or without a leading `dns:///` or `passthrough:///`.
 *
 * @throws {TargetError} when there is no port or the brackets and colons do not match
 */
export function parseTarget(text: string): Target {
  const scheme = /^(dns|passthrough):(\/\/([^/]*)\/)?/.exec(text)
  if (!scheme) return parseHostPort(text)
  if (scheme[3]) throw new TargetError(`a name server in the target is not supported: ${scheme[3]}`)
  const endpoint = text.slice(scheme[0].length)
  if (scheme[1] === 'passthrough') return { endpoint, ...splitHostPort(endpoint) }
  try {
    return { endpoint, ...splitHostPort(endpoint) }
  } catch (e) {
    if (!(e instanceof TargetError) || !e.message.includes('missing port')) throw e
    return { endpoint, ...splitHostPort(`${endpoint}:${dnsDefaultPort}`) }
  }
}

/**
 * Takes `host:port` apart where no scheme is known.
 *
 * @throws {TargetError} as `parseTarget`
 */
export function parseHostPort(text: string): Target {
  return { endpoint: text, ...splitHostPort(text) }
}

function splitHostPort(text: string): { host: string; port: string } {
  const refuse = (why: string) => new TargetError(text === '' ? why : `address ${text}: ${why}`)
  const colon = text.lastIndexOf(':')
  if (colon < 0) throw refuse('missing port in address')
  const port = text.slice(colon + 1)
  if (!text.startsWith('[')) {
    const host = text.slice(0, colon)
    if (host.includes(':')) throw refuse('too many colons in address')
    if (text.includes('[')) throw refuse("unexpected '[' in address")
    if (text.includes(']')) throw refuse("unexpected ']' in address")
    return { host, port }
  }
  const end = text.indexOf(']')
  if (end < 0) throw refuse("missing ']' in address")
  if (end + 1 === text.length) throw refuse('missing port in address')
  if (end + 1 !== colon) throw refuse(text[end + 1] === ':' ? 'too many colons in address' : 'missing port in address')
  if (text.indexOf('[', 1) >= 0) throw refuse("unexpected '[' in address")
  if (text.indexOf(']', end + 1) >= 0) throw refuse("unexpected ']' in address")
  return { host: text.slice(1, end), port }
}

/**
 * True for a name that may be given to a resolver: letters, digits, dots, dashes and underscores, at most 253 of them.
 * A last label that is a number is refused, because system resolvers read 127.1, 0x7f.1 or 2130706433 as addresses.
 */
export function isHostName(text: string): boolean {
  if (text.length > 253) return false
  const labels = text.replace(/\.$/, '').split('.')
  if (!labels.every((label) => /^[a-z0-9_][a-z0-9_-]{0,62}$/i.test(label))) return false
  return !/^(\d+|0x[0-9a-f]*)$/i.test(labels[labels.length - 1] ?? '')
}

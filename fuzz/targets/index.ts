/** The targets by name. Each is loaded only where it is tried. */
import type { FuzzTarget } from '../target.js'

const targets: Readonly<Record<string, () => Promise<{ target: FuzzTarget }>>> = {
  'proto-text': () => import('./proto-text.js'),
  protoset: () => import('./protoset.js'),
  'json-to-wire': () => import('./json-to-wire.js'),
  'wire-to-json': () => import('./wire-to-json.js'),
  prototext: () => import('./prototext.js'),
  'grpc-params': () => import('./grpc-params.js'),
  'grpc-replies': () => import('./grpc-replies.js'),
  hpack: () => import('./hpack.js'),
  'http2-frames': () => import('./http2-frames.js'),
  'http2-session': () => import('./http2-session.js'),
  addresses: () => import('./addresses.js'),
  options: () => import('./options.js'),
  'http-texts': () => import('./http-texts.js'),
  'http-response': () => import('./http-response.js'),
  csv: () => import('./csv.js'),
  x509: () => import('./x509.js'),
  modules: () => import('./modules.js'),
  typescript: () => import('./typescript.js'),
  'source-map': () => import('./source-map.js'),
  'host-operations': () => import('./host-operations.js'),
  policy: () => import('./policy.js'),
  'child-messages': () => import('./child-messages.js'),
  log: () => import('./log.js'),
  outputs: () => import('./outputs.js'),
}

export const targetNames: readonly string[] = Object.keys(targets)

export async function loadTarget(name: string): Promise<FuzzTarget> {
  const load = targets[name]
  if (load === undefined) throw new Error(`there is no target "${name}"`)
  return (await load()).target
}

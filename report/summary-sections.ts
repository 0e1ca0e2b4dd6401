/**
 * Under which heading of the summary a metric stands. k6 decides by the beginning of the name, so a custom metric can
 * land among the built-in ones.
 */

/** The headings in their order. */
export const sectionNames = [
  'CUSTOM',
  'HTTP',
  'EXECUTION',
  'NETWORK',
  'BROWSER',
  'WEB_VITALS',
  'GRPC',
  'WEBSOCKET',
] as const
export type SectionName = (typeof sectionNames)[number]

const httpPhases = [
  'http_req_blocked',
  'http_req_connecting',
  'http_req_receiving',
  'http_req_sending',
  'http_req_tls_handshaking',
  'http_req_waiting',
]

// The first that fits counts.
const prefixes: [SectionName, readonly string[]][] = [
  ['HTTP', ['http_reqs', 'http_req_failed', 'http_req_duration', ...httpPhases]],
  ['EXECUTION', ['vus', 'vus_max', 'iterations', 'iteration_duration', 'dropped_iterations']],
  ['NETWORK', ['data_sent', 'data_received']],
  ['WEB_VITALS', ['browser_web_vital_']],
  ['BROWSER', ['browser_']],
  ['GRPC', ['grpc_']],
  ['WEBSOCKET', ['ws_']],
]

/** The heading for a metric or sub-metric of that name. */
export function sectionOf(name: string): SectionName {
  return prefixes.find(([, list]) => startsWithAny(name, list))?.[0] ?? 'CUSTOM'
}

/** True for what the summary shows in another way. */
export function isNeverListed(name: string): boolean {
  return startsWithAny(name, ['checks', 'group_duration'])
}

/** True for the phases of a request, which only the full summary shows. */
export function hiddenInCompact(name: string): boolean {
  return startsWithAny(name, httpPhases)
}

function startsWithAny(name: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => name.startsWith(prefix))
}

/** Which transports there are, for those who choose one. Loads none. */

/** `direct` speaks HTTP/2 itself; `grpc-js` is @grpc/grpc-js. Both do the same for scripts. */
export const transportNames = ['direct', 'grpc-js'] as const
export type TransportName = (typeof transportNames)[number]

/** What carries calls when nobody says otherwise. */
export const defaultTransportName: TransportName = 'direct'

export function isTransportName(text: unknown): text is TransportName {
  return transportNames.some((name) => name === text)
}

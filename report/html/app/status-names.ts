/** The names of statuses. gRPC: the codes of google.rpc.Code. */

const grpcCodes = [
  'OK',
  'Canceled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
]

/** `14 Unavailable`, `HTTP 503`; what has no name as it is. */
export function statusName(protocol: 'grpc' | 'http', status: string): string {
  if (protocol === 'http') return status === '0' ? 'no response' : `HTTP ${status}`
  const name = /^\d+$/.test(status) ? grpcCodes[Number(status)] : undefined
  return name === undefined ? status : `${status} ${name}`
}

/** A gRPC status as an error that a method throws, with details in the way of google.rpc.Status. */
import { Metadata, type status } from '@grpc/grpc-js'
import { encode } from './schema.js'

/** A message that explains a status, by its full type name. */
export interface StatusDetail {
  type: string
  value: object
}

/** Ends the call with this status. grpc-js reads `code`, `details` (the status message) and `metadata` (trailers). */
export class StatusError extends Error {
  readonly code: status
  readonly details: string
  readonly metadata = new Metadata()

  constructor(code: status, message: string, details: StatusDetail[] = []) {
    super(message)
    this.name = 'StatusError'
    this.code = code
    this.details = message
    if (details.length === 0) return
    const anys = details.map(({ type, value }) => ({
      type_url: `type.googleapis.com/${type}`,
      value: encode(type, value),
    }))
    this.metadata.set('grpc-status-details-bin', encode('google.rpc.Status', { code, message, details: anys }))
  }
}

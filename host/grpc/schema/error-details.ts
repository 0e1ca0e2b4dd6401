/**
 * The details of a failed call as `errorDetails` shows them: each as ProtoJSON where its type is loaded or one of
 * google/rpc/error_details.proto, else its bytes. Whatever a server sends, there is an entry for it.
 */
import { isAppError } from '../../../errors.js'
import { readFields } from '../protojson/wire-fields.js'
import { malformedWire } from '../protojson/wire-reader.js'
import { defaultMaxJsonLength, type JsonOptions, MessageDecoder } from '../protojson/wire-to-json.js'
import { anyDescriptor } from './any-descriptor.js'
import type { MessageDescriptor, TypeResolver } from './descriptors.js'
import { SchemaCache } from './schema-cache.js'

/** The types that most servers use (https://google.aip.dev/193), which a script needs not load. */
const standardProto = `syntax = "proto3";
package google.rpc;
import "google/protobuf/duration.proto";
message ErrorInfo { string reason = 1; string domain = 2; map<string, string> metadata = 3; }
message RetryInfo { google.protobuf.Duration retry_delay = 1; }
message DebugInfo { repeated string stack_entries = 1; string detail = 2; }
message QuotaFailure {
  message Violation {
    string subject = 1;
    string description = 2;
    string api_service = 3;
    string quota_metric = 4;
    string quota_id = 5;
    map<string, string> quota_dimensions = 6;
    int64 quota_value = 7;
    optional int64 future_quota_value = 8;
  }
  repeated Violation violations = 1;
}
message PreconditionFailure {
  message Violation { string type = 1; string subject = 2; string description = 3; }
  repeated Violation violations = 1;
}
message BadRequest {
  message FieldViolation {
    string field = 1;
    string description = 2;
    string reason = 3;
    LocalizedMessage localized_message = 4;
  }
  repeated FieldViolation field_violations = 1;
}
message RequestInfo { string request_id = 1; string serving_data = 2; }
message ResourceInfo { string resource_type = 1; string resource_name = 2; string owner = 3; string description = 4; }
message Help {
  message Link { string description = 1; string url = 2; }
  repeated Link links = 1;
}
message LocalizedMessage { string locale = 1; string message = 2; }
`

let standardTypes: ReadonlyMap<string, MessageDescriptor> | undefined

/** A type of google/rpc/error_details.proto by its full name. The file is parsed when the first detail asks for it. */
function standardType(fullName: string): MessageDescriptor | undefined {
  if (standardTypes === undefined) {
    const name = 'google/rpc/error_details.proto'
    const read = (path: string) => (path === `/${name}` ? Buffer.from(standardProto) : undefined)
    const { files } = new SchemaCache().load([], [name], '/', read)
    standardTypes = new Map(files.flatMap(({ messages }) => messages.map((message) => [message.fullName, message])))
  }
  return standardTypes.get(fullName)
}

/**
 * The JSON list of serialized google.protobuf.Any messages. One of a known type is its ProtoJSON with `@type`; any other, and
 * one that is malformed, `{"@type": url, "value": base64}`. All together are no longer than the JSON of one message may be,
 * base64 aside.
 *
 * @param types the types that the client has loaded; they go before the standard ones
 */
export function errorDetailsJson(
  details: readonly Uint8Array[],
  types: TypeResolver,
  options: Partial<JsonOptions>,
): string {
  const resolver = { resolve: (name: string) => types.resolve(name) ?? standardType(name) }
  // A fixed share for each also bounds the work on details that turn out to be too long.
  const maxJsonLength = Math.floor((options.maxJsonLength ?? defaultMaxJsonLength) / details.length)
  return `[${details.map((detail) => detailJson(detail, resolver, { maxJsonLength })).join(',')}]`
}

function detailJson(detail: Uint8Array, resolver: TypeResolver, options: JsonOptions): string {
  const any = readAny(detail)
  if (any.url !== '') {
    try {
      return MessageDecoder.of(anyDescriptor).decode(detail, resolver, options)
    } catch (e) {
      if (!isAppError(e)) throw e
    }
  }
  return `{"@type":${JSON.stringify(any.url)},"value":"${Buffer.from(any.value).toString('base64')}"}`
}

/** An Any without looking into it. Bytes that are no Any at all count as the value of one without a type. */
function readAny(bytes: Uint8Array): { url: string; value: Uint8Array } {
  const any: { url: string; value: Uint8Array } = { url: '', value: new Uint8Array() }
  try {
    for (const { number, bytes: contents } of readFields(bytes)) {
      if (contents === undefined) continue
      if (number === 1) any.url = new TextDecoder().decode(contents)
      else if (number === 2) any.value = contents
    }
  } catch (e) {
    if (e !== malformedWire) throw e
    return { url: '', value: bytes }
  }
  return any
}

/**
 * The methods that are called without a script's having loaded them, health checks and reflection, with their messages.
 * Their calls are written and read by hand; who wants to show them to people needs their types.
 */
import { type MethodDescriptor, Schema } from './schema/schema.js'
import { SchemaCache } from './schema/schema-cache.js'

// From the gRPC project's health and reflection protocols, without comments.
const health = `syntax = "proto3";
package grpc.health.v1;
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}
service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }
`

const reflection = (version: string) => `syntax = "proto3";
package grpc.reflection.${version};
message ServerReflectionRequest {
  string host = 1;
  oneof message_request {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    ExtensionRequest file_containing_extension = 5;
    string all_extension_numbers_of_type = 6;
    string list_services = 7;
  }
}
message ExtensionRequest { string containing_type = 1; int32 extension_number = 2; }
message ServerReflectionResponse {
  string valid_host = 1;
  ServerReflectionRequest original_request = 2;
  oneof message_response {
    FileDescriptorResponse file_descriptor_response = 4;
    ExtensionNumberResponse all_extension_numbers_response = 5;
    ListServiceResponse list_services_response = 6;
    ErrorResponse error_response = 7;
  }
}
message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
message ExtensionNumberResponse { string base_type_name = 1; repeated int32 extension_number = 2; }
message ListServiceResponse { repeated ServiceResponse service = 1; }
message ServiceResponse { string name = 1; }
message ErrorResponse { int32 error_code = 1; string error_message = 2; }
service ServerReflection {
  rpc ServerReflectionInfo(stream ServerReflectionRequest) returns (stream ServerReflectionResponse);
}
`

const files = new Map([
  ['/health.proto', health],
  ['/v1.proto', reflection('v1')],
  ['/v1alpha.proto', reflection('v1alpha')],
])

let schema: Schema | undefined

/** A method of `grpc.health.v1.Health` or `grpc.reflection.*` by its path. */
export function builtInMethod(path: string): MethodDescriptor {
  if (schema === undefined) {
    schema = new Schema(new SchemaCache())
    const read = (file: string) => Buffer.from(files.get(file) ?? '')
    for (const file of files.keys()) schema.load([], [file.slice(1)], { directory: '/', read })
  }
  const method = schema.method(path)
  if (method === undefined) throw new Error(`${path} is not a method that is built in`)
  return method
}

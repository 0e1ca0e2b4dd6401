"""The service of interop.proto with health and reflection, on gRPC's C core: a peer that shares no code with belljar.

Prints one JSON line {NAME: address} and ends when its standard input closes. Needs grpcio and protobuf, nothing else.
"""

import json
import os
import sys
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

POOL = descriptor_pool.DescriptorPool()
FILES = descriptor_pb2.FileDescriptorSet()
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "interop.protoset"), "rb") as protoset:
    FILES.ParseFromString(protoset.read())
for file in FILES.file:
    POOL.Add(file)


def message(name):
    descriptor = POOL.FindMessageTypeByName(name)
    if hasattr(message_factory, "GetMessageClass"):
        return message_factory.GetMessageClass(descriptor)
    return message_factory.MessageFactory(POOL).GetPrototype(descriptor)


Note, SourceRequest, Item, Summary = (message("interop." + n) for n in ("Note", "SourceRequest", "Item", "Summary"))
HealthCheckRequest = message("interop.services.HealthCheckRequest")
HealthCheckResponse = message("interop.services.HealthCheckResponse")
ReflectionRequest = message("interop.services.ReflectionRequest")
ReflectionResponse = message("interop.services.ReflectionResponse")

HEALTH = {"": 1, "conf.up": 1, "conf.down": 2, "conf.undecided": 0, "conf.gone": 3}


def echo(request, context):
    return request


def source(request, context):
    for index in range(1, request.count + 1):
        yield Item(index=index, text="item %d" % index)


def sink(requests, context):
    summary = Summary()
    for request in requests:
        summary.count += 1
        summary.bytes += request.ByteSize()
    return summary


def bidi(requests, context):
    yield from requests


def check(request, context):
    if request.service not in HEALTH:
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
    return HealthCheckResponse(status=HEALTH[request.service])


def reflect_one(request):
    response = ReflectionResponse(original_request=request)
    kind = request.WhichOneof("message_request")
    try:
        if kind == "list_services":
            response.list_services_response.service.add().name = "interop.Peer"
        elif kind == "file_by_filename":
            found = POOL.FindFileByName(request.file_by_filename)
            response.file_descriptor_response.file_descriptor_proto.append(found.serialized_pb)
        else:
            found = POOL.FindFileContainingSymbol(request.file_containing_symbol)
            response.file_descriptor_response.file_descriptor_proto.append(found.serialized_pb)
    except KeyError:
        response.error_response.error_code = grpc.StatusCode.NOT_FOUND.value[0]
        response.error_response.error_message = "not known here"
    return response


def reflect(requests, context):
    for request in requests:
        yield reflect_one(request)


def handlers(reflection):
    def unary(handle, request):
        return grpc.unary_unary_rpc_method_handler(handle, request.FromString, lambda m: m.SerializeToString())

    def streaming(kind, handle, request):
        return kind(handle, request.FromString, lambda m: m.SerializeToString())

    peer = {
        "Echo": unary(echo, Note),
        "Source": streaming(grpc.unary_stream_rpc_method_handler, source, SourceRequest),
        "Sink": streaming(grpc.stream_unary_rpc_method_handler, sink, Note),
        "Bidi": streaming(grpc.stream_stream_rpc_method_handler, bidi, Note),
    }
    info = {"ServerReflectionInfo": streaming(grpc.stream_stream_rpc_method_handler, reflect, ReflectionRequest)}
    return [
        grpc.method_handlers_generic_handler("interop.Peer", peer),
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": unary(check, HealthCheckRequest)}),
    ] + [grpc.method_handlers_generic_handler(f"grpc.reflection.{v}.ServerReflection", info) for v in reflection]


def serve(reflection):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers(handlers(reflection))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, f"127.0.0.1:{port}"


def main():
    versions = {"PLAIN": [], "REFL_V1": ["v1"], "REFL_V1ALPHA": ["v1alpha"], "REFL_BOTH": ["v1", "v1alpha"]}
    servers = {name: serve(reflection) for name, reflection in versions.items()}
    print(json.dumps({name: address for name, (_, address) in servers.items()}), flush=True)
    sys.stdin.read()
    for server, _ in servers.values():
        server.stop(None)


main()

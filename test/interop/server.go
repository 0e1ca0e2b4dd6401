// The service of interop.proto with health and reflection, on grpc-go: a peer that shares no code with belljar.
//
// Prints one JSON line {NAME: address} and ends when its standard input closes. Messages stay bytes, so it needs no generated
// code; descriptors come from the protoset that is its only argument. Needs grpc-go and protobuf-go as Debian has them.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// Bytes as they are on the wire.
type rawCodec struct{}

func (rawCodec) Marshal(v interface{}) ([]byte, error) { return *v.(*[]byte), nil }
func (rawCodec) Unmarshal(data []byte, v interface{}) error {
	*v.(*[]byte) = append([]byte{}, data...)
	return nil
}
func (rawCodec) Name() string   { return "proto" }
func (rawCodec) String() string { return "proto" }

// The first value of a field: a number, or the length of its bytes with these.
func fieldOf(message []byte, number protowire.Number) (value uint64, text []byte, found bool) {
	for len(message) > 0 {
		n, kind, size := protowire.ConsumeTag(message)
		if size < 0 {
			return
		}
		message = message[size:]
		size = protowire.ConsumeFieldValue(n, kind, message)
		if size < 0 {
			return
		}
		if n == number {
			if kind == protowire.VarintType {
				value, _ = protowire.ConsumeVarint(message)
			} else {
				text, _ = protowire.ConsumeBytes(message)
			}
			return value, text, true
		}
		message = message[size:]
	}
	return
}

func addNumber(to []byte, number protowire.Number, value uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.VarintType), value)
}

func addBytes(to []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), value)
}

type unary func(request []byte) ([]byte, error)

func method(name string, handle unary) grpc.MethodDesc {
	return grpc.MethodDesc{
		MethodName: name,
		Handler: func(_ interface{}, _ context.Context, decode func(interface{}) error, _ grpc.UnaryServerInterceptor) (interface{}, error) {
			var request []byte
			if err := decode(&request); err != nil {
				return nil, err
			}
			response, err := handle(request)
			return &response, err
		},
	}
}

// A stream whose handler gets each message, and nil with io.EOF after the last.
func stream(name string, handle func(next func() ([]byte, error), send func([]byte) error) error) grpc.StreamDesc {
	return grpc.StreamDesc{
		StreamName:    name,
		ServerStreams: true,
		ClientStreams: true,
		Handler: func(_ interface{}, s grpc.ServerStream) error {
			next := func() (message []byte, err error) {
				err = s.RecvMsg(&message)
				return
			}
			return handle(next, func(message []byte) error { return s.SendMsg(&message) })
		},
	}
}

func source(next func() ([]byte, error), send func([]byte) error) error {
	request, err := next()
	if err != nil {
		return err
	}
	count, _, _ := fieldOf(request, 1)
	for i := uint64(1); i <= count; i++ {
		if err := send(addBytes(addNumber(nil, 1, i), 2, []byte(fmt.Sprintf("item %d", i)))); err != nil {
			return err
		}
	}
	return nil
}

func sink(next func() ([]byte, error), send func([]byte) error) error {
	var count, bytes uint64
	for {
		message, err := next()
		if err == io.EOF {
			return send(addNumber(addNumber(nil, 1, count), 2, bytes))
		}
		if err != nil {
			return err
		}
		count++
		bytes += uint64(len(message))
	}
}

func each(answer unary) func(func() ([]byte, error), func([]byte) error) error {
	return func(next func() ([]byte, error), send func([]byte) error) error {
		for {
			message, err := next()
			if err == io.EOF {
				return nil
			}
			if err == nil {
				message, err = answer(message)
			}
			if err == nil {
				err = send(message)
			}
			if err != nil {
				return err
			}
		}
	}
}

func echo(request []byte) ([]byte, error) { return request, nil }

func check(request []byte) ([]byte, error) {
	_, service, _ := fieldOf(request, 1)
	states := map[string]uint64{"": 1, "conf.up": 1, "conf.down": 2, "conf.undecided": 0, "conf.gone": 3}
	state, known := states[string(service)]
	if !known {
		return nil, status.Error(codes.NotFound, "unknown service")
	}
	return addNumber(nil, 1, state), nil
}

// Answers of the reflection service, for the files of a protoset.
func reflect(files []*descriptorpb.FileDescriptorProto) unary {
	fileNamed := func(name string) []byte {
		for _, file := range files {
			if file.GetName() == name {
				bytes, _ := proto.Marshal(file)
				return bytes
			}
		}
		return nil
	}
	fileWith := func(symbol string) []byte {
		for _, file := range files {
			for _, service := range file.GetService() {
				if file.GetPackage()+"."+service.GetName() == symbol {
					return fileNamed(file.GetName())
				}
			}
			for _, message := range file.GetMessageType() {
				if file.GetPackage()+"."+message.GetName() == symbol {
					return fileNamed(file.GetName())
				}
			}
		}
		return nil
	}
	return func(request []byte) ([]byte, error) {
		response := addBytes(nil, 2, request)
		if _, _, found := fieldOf(request, 7); found {
			return addBytes(response, 6, addBytes(nil, 1, addBytes(nil, 1, []byte("interop.Peer")))), nil
		}
		var file []byte
		if _, name, found := fieldOf(request, 3); found {
			file = fileNamed(string(name))
		} else if _, symbol, found := fieldOf(request, 4); found {
			file = fileWith(string(symbol))
		}
		if file == nil {
			return addBytes(response, 7, addBytes(addNumber(nil, 1, uint64(codes.NotFound)), 2, []byte("not known here"))), nil
		}
		return addBytes(response, 4, addBytes(nil, 1, file)), nil
	}
}

func serve(files []*descriptorpb.FileDescriptorProto, reflection []string) string {
	server := grpc.NewServer(grpc.CustomCodec(rawCodec{}))
	register := func(name string, methods []grpc.MethodDesc, streams ...grpc.StreamDesc) {
		description := grpc.ServiceDesc{ServiceName: name, HandlerType: (*interface{})(nil), Methods: methods, Streams: streams}
		server.RegisterService(&description, struct{}{})
	}
	peer := []grpc.StreamDesc{stream("Source", source), stream("Sink", sink), stream("Bidi", each(echo))}
	register("interop.Peer", []grpc.MethodDesc{method("Echo", echo)}, peer...)
	register("grpc.health.v1.Health", []grpc.MethodDesc{method("Check", check)})
	for _, version := range reflection {
		register("grpc.reflection."+version+".ServerReflection", nil, stream("ServerReflectionInfo", each(reflect(files))))
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go server.Serve(listener)
	return listener.Addr().String()
}

func main() {
	protoset, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(protoset, &set); err != nil {
		log.Fatal(err)
	}
	line, _ := json.Marshal(map[string]string{
		"PLAIN":        serve(set.File, nil),
		"REFL_V1":      serve(set.File, []string{"v1"}),
		"REFL_V1ALPHA": serve(set.File, []string{"v1alpha"}),
		"REFL_BOTH":    serve(set.File, []string{"v1", "v1alpha"}),
	})
	fmt.Println(string(line))
	io.Copy(io.Discard, os.Stdin)
}

import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { credentials, status } from '@grpc/grpc-js'
import { packageRoot } from '../../../package-root.js'
import { RawClient, sharedServer } from './example-server.js'
import { bytes, bytesAt, number, numberAt, textAt } from './wire.js'

const ownServices = [
  'auth.AuthService',
  'hello.HelloService',
  'quickpizza.GRPC',
  'shop.OrderService',
  'traffic.TrafficService',
]

describe('examples: server', () => {
  let client: RawClient
  before(async () => {
    client = await RawClient.ofSharedServer()
  })

  it('tells the health of the server and of each service', async () => {
    const healthOf = async (service: string): Promise<number> =>
      numberAt(await client.ask('/grpc.health.v1.Health/Check', bytes(1, service)), 1)
    for (const service of ['', ...ownServices]) assert.equal(await healthOf(service), 1, service)
    assert.equal(await healthOf('shop.Warehouse'), 2)
    assert.equal((await client.call('/grpc.health.v1.Health/Check', [bytes(1, 'none')])).code, status.NOT_FOUND)
  })

  for (const version of ['v1', 'v1alpha']) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`

    it(`lists its services by reflection ${version}`, async () => {
      const { responses } = await client.call(path, [bytes(7, '')])
      const names = bytesAt(bytesAt(responses[0]!, 6)[0]!, 1).map((service) => textAt(service, 1))
      for (const name of [...ownServices, 'grpc.health.v1.Health']) assert.ok(names.includes(name), name)
    })

    it(`describes each service by reflection ${version}, complete with what it depends on`, async () => {
      for (const name of [...ownServices, 'grpc.health.v1.Health']) {
        const { responses } = await client.call(path, [bytes(4, name)])
        const files = bytesAt(bytesAt(responses[0]!, 4)[0]!, 1).map((file) =>
          fromBinary(FileDescriptorProtoSchema, file),
        )
        const registry = createFileRegistry(files[0]!, (dependency) => files.find((file) => file.name === dependency))
        assert.ok(registry.getService(name), name)
      }
    })
  }

  it('keeps the field names of the .proto in what reflection tells', async () => {
    const { responses } = await client.call('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', [
      bytes(4, 'quickpizza.PizzaRatingResponse'),
    ])
    const [file] = bytesAt(bytesAt(responses[0]!, 4)[0]!, 1).map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    )
    const message = file!.messageType.find(({ name }) => name === 'PizzaRatingResponse')
    assert.deepEqual(
      message?.field.map(({ name }) => name),
      ['stars_rating'],
    )
  })

  it('answers INTERNAL to bytes that are no message, and goes on', async () => {
    const { code } = await client.call('/hello.HelloService/SayHello', [Buffer.from([0x0f])])
    assert.equal(code, status.INTERNAL)
    assert.equal(textAt(await client.ask('/hello.HelloService/SayHello', bytes(1, 'again')), 1), 'hello again')
  })

  it('answers UNIMPLEMENTED to a method that it does not have', async () => {
    assert.equal((await client.call('/hello.HelloService/Nope', [Buffer.alloc(0)])).code, status.UNIMPLEMENTED)
  })

  describe('with TLS', () => {
    const ca = readFileSync(join(packageRoot, 'examples/server/tls/ca.pem'))

    it('has a certificate for localhost and for 127.0.0.1', async () => {
      const { tls } = await sharedServer()
      const secure = new RawClient(tls!, credentials.createSsl(ca))
      assert.equal(numberAt(await secure.ask('/quickpizza.GRPC/Status', Buffer.alloc(0)), 1), 1)
      const { subjectAltName } = new X509Certificate(readFileSync(join(packageRoot, 'examples/server/tls/server.pem')))
      assert.equal(subjectAltName, 'DNS:localhost, IP Address:127.0.0.1')
    })

    it('is not trusted without its CA', async () => {
      const { tls } = await sharedServer()
      const { code } = await new RawClient(tls!, credentials.createSsl()).call('/quickpizza.GRPC/Status', [
        number(1, 0),
      ])
      assert.equal(code, status.UNAVAILABLE)
    })
  })
})

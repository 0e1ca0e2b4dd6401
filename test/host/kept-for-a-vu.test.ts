/** What the host keeps for a VU is bounded, whatever a script or a server does, and the error names the bound. */
import assert from 'node:assert/strict'
import { GrpcRuntime } from '../../host/grpc/grpc-runtime.js'
import { GrpcVu } from '../../host/grpc/grpc-vu.js'
import { HttpRuntime } from '../../host/http/http-runtime.js'
import { HttpVu } from '../../host/http/http-vu.js'
import { Folders } from '../../policy/folders.js'
import { trustedLimits } from '../../policy/limits.js'
import { TaskQueue } from '../../runtime/event-loop.js'
import { FileStore } from '../../script/file-store.js'

const limits = { ...trustedLimits, memoryBytes: 1000 }

describe('what is kept for a VU', () => {
  it('is so much open work, each under a number of its own', () => {
    const tasks = new TaskQueue()
    tasks.begin(0, () => {})
    assert.throws(() => tasks.begin(0, () => {}), { guestName: 'TypeError' })
    for (let i = 1; i < 100_000; i++) tasks.begin(i, () => {})
    assert.throws(() => tasks.begin(100_000, () => {}), { message: /100000 timers and calls/ })
    tasks.end(5)
    tasks.begin(100_000, () => {})
  })

  it('is as many results as fit into the VM; further ones are errors until it has taken some', async () => {
    const tasks = new TaskQueue()
    for (let i = 1; i <= 4; i++) tasks.begin(i, () => {})
    const text = 'x'.repeat(400)
    for (let i = 1; i <= 3; i++) tasks.postValue(i, text, limits.memoryBytes)
    const next = async () => {
      const { task, kind, payload } = (await tasks.next(() => false))!
      return [task, kind, payload]
    }
    assert.deepEqual(await next(), [1, 'value', text])
    assert.deepEqual(await next(), [2, 'value', text])
    assert.deepEqual(await next(), [
      3,
      'error',
      'results of more than 1000 bytes wait for the script (limit memoryBytes)',
    ])
    tasks.postValue(4, text, limits.memoryBytes)
    assert.deepEqual(await next(), [4, 'value', text])
  })

  it('is as many bodies of responses as fit into the VM', () => {
    const http = new HttpVu(HttpRuntime.forInit(limits))
    const first = http.keepBody('x'.repeat(600))
    assert.throws(() => http.keepBody(new Uint8Array(600)), { message: /more than 1000 bytes .*\(limit memoryBytes\)/ })
    http.takeBody(first)
    http.keepBody(new Uint8Array(600))
    http.renew()
    http.keepBody(new Uint8Array(1000))
  })

  it('is so many messages of gRPC clients together; a client that is freed makes room', () => {
    const grpc = new GrpcVu(GrpcRuntime.forInit(limits))
    const proto = Buffer.from(
      `syntax = "proto3"; ${Array.from({ length: 4999 }, (_, i) => `message M${i} {}`).join(' ')}`,
    )
    const load = (id: number) => grpc.client(id).schema.load([], ['m.proto'], { directory: '/', read: () => proto })
    const ids: number[] = []
    assert.throws(
      () => {
        for (let i = 0; i < 200; i++) {
          const id = grpc.create()
          load(id)
          ids.push(id)
        }
      },
      { message: /500000 messages and methods/ },
    )
    assert.equal(ids.length, 100)
    grpc.free(ids[0])
    load(grpc.create())
  })

  it('is so many paths of files, those with nothing there as well', () => {
    const files = new FileStore(new Map(), { maxFileBytes: 1000, folders: new Folders(['/nowhere']) })
    assert.throws(
      () => {
        for (let i = 0; i < 30_000; i++) files.read(`/nowhere/${i}`)
      },
      { message: /20000 files/ },
    )
  })
})

/**
 * Asks a server for its own schema: server reflection v1, or v1alpha where the server has no other. Speaks the few messages
 * of that protocol by hand, and hands out serialized descriptors; linking them is the schema's work.
 */
import { performance } from 'node:perf_hooks'
import { AppError, isAppError } from '../../errors.js'
import { withAllImports } from './descriptor-imports.js'
import { readFields } from './protojson/wire-fields.js'
import { malformedWire } from './protojson/wire-reader.js'
import { readFileDescriptor } from './schema/descriptor-set.js'
import type { RawFile } from './schema/file-descriptor.js'
import { defaultSchemaLimits } from './schema/schema-limits.js'
import { type Ending, rpcErrorText, Status } from './status.js'
import type { CallObserver, CallStatus, ClientStream, Connection, Metadata } from './transport.js'
import { lengthDelimited } from './wire-field.js'

/** Services that a server may list. */
const maxServices = 1000
/** How long the end of a server's answers is waited for, in ms; it has nothing left to say. */
const farewellMs = 1000

/** Fields of ServerReflectionRequest and ServerReflectionResponse. */
const request = { fileByName: 3, fileOfSymbol: 4, listServices: 7 } as const
const response = { files: 4, services: 6, error: 7 } as const

export interface ReflectionOptions {
  metadata: Metadata
  /** For all of it, in milliseconds. */
  timeoutMs: number
  signal: AbortSignal
  /** Told of each call that was made, unless its time was up. */
  onCall(status: number, durationMs: number, remoteIp: string | undefined): void
  observerOf?(path: string): CallObserver | undefined
  /** Before a call of that path; may throw. */
  onOpen?(path: string): void
}

/**
 * The files of all services that the server lists, with their imports as far as it has them.
 *
 * @throws {AppError} CONNECT_FAILED with k6's text
 */
export async function reflectedDescriptors(connection: Connection, options: ReflectionOptions): Promise<Uint8Array[]> {
  const endMs = performance.now() + options.timeoutMs
  const open = (version: string) => new ReflectionCall(connection, version, endMs - performance.now(), options)
  let call = open('v1')
  try {
    let names: Answer
    try {
      names = await call.ask(request.listServices, '*')
    } catch (e) {
      if (!(e instanceof CallFailure) || e.ending.status !== Status.unimplemented) throw e
      call = open('v1alpha')
      names = await call.ask(request.listServices, '*')
    }
    const files = new ReflectedFiles(call)
    for (const service of servicesOf(names)) await files.addService(service)
    return files.serialized()
  } catch (e) {
    if (!(e instanceof CallFailure)) throw e
    if (e.ending === malformed) call.cancel()
    throw refusal(`can't list services: ${rpcErrorText(e.ending)}`)
  } finally {
    await call.close()
  }
}

function refusal(text: string): AppError {
  return new AppError('CONNECT_FAILED', text)
}

/** A status that takes the place of an answer. */
class CallFailure extends Error {
  constructor(readonly ending: Ending) {
    super(ending.message)
  }
}

const malformed: Ending = { status: Status.internal, message: 'malformed reflection response' }

/** The one field of an answer that says something. */
interface Answer {
  kind: number
  bytes: Uint8Array
}

function readAnswer(message: Uint8Array): Answer {
  return readingWire(() => {
    for (const { number, bytes } of readFields(message)) {
      if (bytes === undefined) continue
      if (number === response.error) throw new CallFailure(readError(bytes))
      if (number === response.files || number === response.services) return { kind: number, bytes }
    }
    throw new CallFailure(malformed)
  })
}

function readingWire<T>(read: () => T): T {
  try {
    return read()
  } catch (e) {
    throw e === malformedWire ? new CallFailure(malformed) : e
  }
}

function readError(bytes: Uint8Array): Ending {
  let status: number = Status.unknown
  let message = ''
  for (const field of readFields(bytes)) {
    if (field.number === 1 && field.varint !== undefined) status = Number(BigInt.asIntN(32, field.varint))
    else if (field.number === 2 && field.bytes !== undefined) message = textOf(field.bytes).slice(0, 4096)
  }
  return { status, message }
}

function servicesOf({ kind, bytes }: Answer): Set<string> {
  const names = new Set<string>()
  if (kind !== response.services) throw new CallFailure(malformed)
  readingWire(() => {
    for (const service of readFields(bytes)) {
      if (service.number !== 1 || service.bytes === undefined) continue
      for (const field of readFields(service.bytes)) {
        if (field.number === 1 && field.bytes !== undefined) names.add(textOf(field.bytes))
      }
      if (names.size > maxServices) {
        throw refusal(`can't list services: the server has more than ${maxServices}, the limit`)
      }
    }
  })
  return names
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8')
}

/** What the server has told of its files so far. */
class ReflectedFiles {
  readonly #call: ReflectionCall
  readonly #files = new Map<string, { raw: RawFile; bytes: Uint8Array }>()
  readonly #missing = new Set<string>()
  readonly #services = new Set<string>()
  #totalBytes = 0

  constructor(call: ReflectionCall) {
    this.#call = call
  }

  /** Fetches the file of a service, and what it imports. @throws {AppError} with k6's text */
  async addService(name: string): Promise<void> {
    if (this.#services.has(name)) return
    try {
      const pending = this.#add(await this.#call.ask(request.fileOfSymbol, name))
      for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
        if (!this.#files.has(next) && !this.#missing.has(next)) pending.push(...(await this.#import(next)))
      }
    } catch (e) {
      const text = e instanceof CallFailure ? rpcErrorText(e.ending) : isAppError(e) ? e.message : undefined
      if (text === undefined) throw e
      throw refusal(`can't get method on service ${JSON.stringify(name)}: ${text}`)
    }
  }

  /** All files, each with an import of every other one that it uses. */
  serialized(): Uint8Array[] {
    return withAllImports([...this.#files.values()])
  }

  /** A server need not have what its files import. */
  async #import(name: string): Promise<string[]> {
    try {
      return this.#add(await this.#call.ask(request.fileByName, name))
    } catch (e) {
      if (!(e instanceof CallFailure) || this.#call.hasEnded) throw e
      this.#missing.add(name)
      return []
    }
  }

  /** Takes the files of an answer and returns what they import. */
  #add({ kind, bytes }: Answer): string[] {
    if (kind !== response.files) throw new CallFailure(malformed)
    const imports: string[] = []
    readingWire(() => {
      for (const field of readFields(bytes)) {
        if (field.number !== 1 || field.bytes === undefined) continue
        const raw = readFileDescriptor(field.bytes, defaultSchemaLimits)
        if (this.#files.has(raw.name)) continue
        this.#files.set(raw.name, { raw, bytes: field.bytes })
        this.#totalBytes += field.bytes.length
        this.#checkSize()
        for (const { path } of raw.imports) imports.push(path)
        for (const { name } of raw.services) this.#services.add(raw.package === '' ? name : `${raw.package}.${name}`)
      }
    })
    return imports
  }

  #checkSize(): void {
    const { files, totalBytes } = defaultSchemaLimits
    if (this.#files.size > files) throw refusal(`the server describes more than ${files} files, the limit`)
    if (this.#totalBytes > totalBytes) {
      throw refusal(`the server's descriptors have more than ${totalBytes} bytes, the limit`)
    }
  }
}

/** One call of ServerReflectionInfo: a question at a time. */
class ReflectionCall {
  readonly #stream: ClientStream
  readonly #ended: Promise<void>
  #waiting: { resolve: (message: Uint8Array) => void; reject: (e: CallFailure) => void } | undefined
  #ending: Ending | undefined

  constructor(connection: Connection, version: string, deadlineMs: number, options: ReflectionOptions) {
    const { metadata, signal, onCall } = options
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`
    options.onOpen?.(path)
    const beganAtMs = performance.now()
    let onEnded = () => {}
    let remoteIp: string | undefined
    this.#ended = new Promise((resolve) => {
      onEnded = resolve
    })
    this.#stream = connection.stream({
      path,
      observer: options.observerOf?.(path),
      metadata,
      deadlineMs,
      signal,
      isServerStreaming: true,
      onStart: (ip) => {
        remoteIp = ip
      },
      onMessage: (message) => this.#onMessage(message),
      onEnd: (result) => {
        const durationMs = performance.now() - beganAtMs
        const isTimeUp = result.status === Status.deadlineExceeded && durationMs >= deadlineMs
        if (!isTimeUp && !signal.aborted) onCall(result.status, durationMs, remoteIp)
        this.#onEnd(result)
        onEnded()
      },
    })
  }

  /** True when no more answers can come. */
  get hasEnded(): boolean {
    return this.#ending !== undefined
  }

  /** @throws {CallFailure} for an error, of the call or as the answer */
  async ask(question: number, text: string): Promise<Answer> {
    if (this.#ending !== undefined) throw new CallFailure(this.#ending)
    const answer = new Promise<Uint8Array>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    this.#stream.write(lengthDelimited(question, Buffer.from(text)))
    this.#stream.resume()
    return readAnswer(await answer)
  }

  cancel(): void {
    this.#stream.cancel()
  }

  /** Lets the call end as the server likes it, but not for long. */
  async close(): Promise<void> {
    this.#stream.end()
    this.#stream.resume()
    const timer = setTimeout(() => this.#stream.cancel(), farewellMs)
    await this.#ended
    clearTimeout(timer)
  }

  #onMessage(message: Uint8Array): void {
    const waiting = this.#waiting
    this.#waiting = undefined
    // A server that talks unasked is not listened to any longer.
    if (waiting === undefined) this.#stream.cancel()
    else {
      // The next answer is for the next question, however early it is.
      this.#stream.pause()
      waiting.resolve(message)
    }
  }

  #onEnd({ status, message }: CallStatus): void {
    // Also a good end is none as long as a question is open.
    this.#ending = status === Status.ok ? { status: Status.unavailable, message: 'EOF' } : { status, message }
    this.#waiting?.reject(new CallFailure(this.#ending))
    this.#waiting = undefined
  }
}

/**
 * The guest half of `grpc.Stream`: handlers by event, and what may still be written. What happens on the stream comes as
 * tasks of the event loop; knows nothing of protobuf or the network.
 */
import { ops } from './bridge.js'
import { warn } from './console.js'
import { safeText } from './describe-error.js'
import { GoError } from './go-error.js'
import { readMessage } from './grpc-message.js'
import type { MessageHooks } from './grpc-rehearsal.js'
import {
  arrayPush,
  defineProperty,
  mapGet,
  mapSet,
  NativeMap,
  NativePromise,
  now,
  parseJson,
  setPrototypeOf,
  stringifyJson,
  stringStartsWith,
  toText,
} from './primordials.js'
import { endTask, newTask, type TaskHandler } from './tasks.js'
import { currentTagSet } from './vu.js'

const host = ops<{
  openStream(
    task: number,
    client: number,
    method: string | undefined,
    params: string | undefined,
    tagSet: number,
  ): number
  writeStream(stream: number, json: string): undefined
  endStream(stream: number): undefined
  cancelStream(stream: number): undefined
}>('grpc', ['openStream', 'writeStream', 'endStream', 'cancelStream'])

/** What a script can do with a stream; the order is that of k6's keys. */
export interface StreamMethods {
  on(event: unknown, handler: unknown): void
  write(message: unknown): void
  end(): void
  /** How the stream ended. belljar's own. */
  readonly status: Promise<StreamStatus>
}

/** A detail of an error: the fields of its message, or its bytes as `value`. */
export interface ErrorDetail {
  '@type': string
  [field: string]: unknown
}

export interface StreamStatus {
  code: number
  message: string
  details: ErrorDetail[]
  headers: Record<string, string[]>
  trailers: Record<string, string[]>
}

/** The property `status`: how the stream ended, for who asks. No promise is made before somebody looks. */
class EndStatus {
  #read: (() => StreamStatus) | undefined
  #resolve: ((status: StreamStatus) => void) | undefined
  #promise: Promise<StreamStatus> | undefined

  get promise(): Promise<StreamStatus> {
    this.#promise ??= new NativePromise((resolve) => {
      if (this.#read === undefined) this.#resolve = resolve
      else resolve(this.#read())
    })
    return this.#promise
  }

  settle(read: () => StreamStatus): void {
    this.#read = read
    this.#resolve?.(read())
  }
}

/** An error of a stream is no Error: an object with a text of its own and the method of an error in Go. */
const errorPrototype = {}
const errorText = {
  value(this: { code?: unknown; message?: unknown }): string {
    return `code: ${toText(this.code)}, message: ${toText(this.message)}`
  },
}
defineProperty(errorPrototype, 'error', errorText)
defineProperty(errorPrototype, 'toString', errorText)

type Handler = (value: unknown, metadata: { ts: number }) => unknown

function runAll(handlers: Handler[], value: unknown, ms: number): void {
  const metadata = { ts: (ms - (ms % 1000)) / 1000 }
  const count = handlers.length
  for (let i = 0; i < count; i++) {
    const handler = handlers[i]!
    handler(value, metadata)
  }
}

/** The handlers of one stream, and the running of them. */
class Handlers {
  readonly #byEvent = new NativeMap<string, Handler[]>()
  readonly ofData: Handler[] = []
  readonly #path: string

  constructor(path: string) {
    this.#path = path
    mapSet(this.#byEvent, 'data', this.ofData)
    mapSet(this.#byEvent, 'error', [])
    mapSet(this.#byEvent, 'end', [])
    // k6 takes handlers for it, and never calls them.
    mapSet(this.#byEvent, 'status', [])
  }

  add(event: string, handler: unknown): void {
    if (typeof handler !== 'function') {
      throw new GoError(`handler for ${stringifyJson(event)} event isn't a callable function`)
    }
    const list = mapGet(this.#byEvent, event)
    if (list !== undefined) arrayPush(list, handler as Handler)
    else this.warn(`can't register ${event} event handler: unknown GRPC stream's event type: ${event}`)
  }

  run(event: string, value: unknown): void {
    runAll(mapGet(this.#byEvent, event)!, value, now())
  }

  /** Runs the handlers of `error`; without one the error goes to the log. */
  runError(logText: string, error: object, errorDetails: unknown = []): void {
    if (mapGet(this.#byEvent, 'error')!.length === 0) {
      this.warn(`no handlers for error registered, but an error happened: ${logText}`)
    }
    defineProperty(error, 'errorDetails', { value: errorDetails, writable: true, configurable: true })
    this.run('error', setPrototypeOf(error, errorPrototype))
  }

  warn(text: string): void {
    warn(text, { streamMethod: this.#path })
  }
}

const canceled = 'canceled by client (k6)'

/** Runs handlers of a stream whose iteration has failed already: what they throw changes nothing. */
function quietly(run: () => void): void {
  try {
    run()
  } catch {
    // The first error is the one that is told.
  }
}

/**
 * Begins a stream. `hooks` see its messages on their way.
 *
 * @throws {GoError} with k6's text when the host refuses to
 */
export function openStream(
  client: number,
  method: string | undefined,
  params: string | undefined,
  hooks?: MessageHooks,
): StreamMethods {
  const path = method !== undefined && stringStartsWith(method, '/') ? method : `/${method ?? ''}`
  const handlers = new Handlers(path)
  const status = new EndStatus()
  let id = 0
  let isWritable = true
  let hasEnded = false

  /** A handler threw: the stream ends, and so does the iteration. */
  const tearDown = (thrown: unknown): void => {
    isWritable = false
    endTask(task)
    host.cancelStream(id)
    const message = safeText(thrown)
    status.settle(() => ({ code: 2, message, details: [], headers: {}, trailers: {} }))
    quietly(() => handlers.runError(message, { code: 2, details: [], message }))
    quietly(() => handlers.run('end', {}))
    quietly(() => handlers.runError(canceled, { code: 2, details: [], message: canceled }))
  }

  const { ofData } = handlers
  const takeItem = (message: unknown, ms: number): void => {
    try {
      runAll(ofData, hooks === undefined ? message : hooks.read(message), ms)
    } catch (e) {
      tearDown(e)
      throw e
    }
  }

  const handle: TaskHandler = (kind, payload) => {
    if (kind === 'item') {
      let message: unknown
      try {
        message = readMessage(payload as string, 0)
      } catch (e) {
        tearDown(e)
        throw e
      }
      takeItem(message, now())
    } else if (kind === 'end' || kind === 'end+') {
      isWritable = false
      hasEnded = true
      // Else one more error follows.
      if (kind === 'end') endTask(task)
      status.settle(() => parseJson(payload as string) as StreamStatus)
      handlers.run('end', {})
    } else {
      if (hasEnded) endTask(task)
      isWritable = false
      const told = parseJson(payload as string) as [string, object, unknown[]]
      handlers.runError(told[0], told[1], told[2])
    }
  }

  const task = newTask({ type: 'items', takeItem, onUnreadable: tearDown, handle })
  try {
    id = host.openStream(task, client, method, params, currentTagSet())
  } catch (e) {
    endTask(task)
    throw e
  }

  const methods: Omit<StreamMethods, 'status'> = {
    on(event, handler) {
      handlers.add(toText(event), handler)
    },
    write(message) {
      if (!isWritable) return
      if (message === undefined || message === null) {
        handlers.warn("can't send empty message")
        return
      }
      const json = messageJson(message)
      host.writeStream(id, hooks === undefined ? json : hooks.write(json))
    },
    end() {
      if (!isWritable) return
      isWritable = false
      host.endStream(id)
    },
  }
  const stream = {}
  defineProperty(stream, 'on', { value: methods.on, enumerable: true })
  defineProperty(stream, 'write', { value: methods.write, enumerable: true })
  defineProperty(stream, 'end', { value: methods.end, enumerable: true })
  defineProperty(stream, 'status', {
    get: () => status.promise,
    // k6 has no such property: a script that keeps something of its own under the name must find that.
    set(this: object, value: unknown) {
      defineProperty(this, 'status', { value, writable: true, enumerable: true, configurable: true })
    },
    configurable: true,
  })
  return stream as StreamMethods
}

/** JSON of a message; empty text for one that has none, which the host refuses as it does any bad message. */
function messageJson(message: unknown): string {
  try {
    return stringifyJson(message) ?? 'null'
  } catch {
    return ''
  }
}

/** What the trusted half of the modules knows of the VU that calls: its run, its samples, its work in flight. */
import { setMaxListeners } from 'node:events'
import type { MetricRegistry } from '../metrics/registry.js'
import type { SampleBuffer } from '../metrics/sample-buffer.js'
import { TagSet } from '../metrics/tag-set.js'
import type { Gate } from '../policy/gate.js'
import type { Limits } from '../policy/limits.js'
import { longRestMs } from '../runtime/engine-seats.js'
import type { TaskQueue } from '../runtime/event-loop.js'
import { GuestError } from '../runtime/guest-error.js'
import type { Hashing } from './crypto/hashing.js'
import type { GrpcVu } from './grpc/grpc-vu.js'
import { Handles } from './handles.js'
import type { HttpVu } from './http/http-vu.js'
import { longestTimerMs } from './longest-timer.js'
import type { Traffic } from './net/traffic.js'
import { OpenFiles } from './open-files.js'
import type { Rehearsal } from './rehearsal/rehearsal.js'
import type { SampleRing } from './sample-ring.js'
import type { SharedArrays } from './shared-arrays.js'
import { WebCryptoVu } from './webcrypto/webcrypto-vu.js'

export type LogLevel = 'debug' | 'info' | 'warning' | 'error'

/** A line for the run's log. Texts are a script's: whoever prints them cleans them. */
export interface LogLine {
  level: LogLevel
  msg: string
  fields: Record<string, string>
  /** Milliseconds since the epoch. */
  timeMs: number
}

/**
 * A file that a script names: relative to `base`, the URL of the module that runs. `writtenIn` is the module whose text has
 * the call. Undefined when there is no such file. `shownPath` is what the script may be told of where it is.
 */
export type ReadScriptFile = (
  path: string,
  base: string,
  writtenIn?: string,
) => { absolutePath: string; shownPath: string; bytes: Uint8Array | undefined }

/** What `require` finds: the name of a module, and its format or `native`. */
export interface FoundModule {
  name: string
  format: string
}

/** What all VUs of one thread share. */
export interface ThreadServices {
  readonly limits: Limits
  /** Says what the policy lets a script do. */
  readonly gate: Gate
  readonly samples: SampleBuffer
  readonly registry: MetricRegistry
  readonly sharedArrays: SharedArrays
  readonly systemTags: ReadonlySet<string>
  /** Present when the script is checked and not run: nothing may wait long or reach a network. */
  readonly rehearsal?: Rehearsal
  /** Absolute path of the folder of the main script. */
  readonly scriptFolder: string
  readonly log: (line: LogLine) => void
  readonly readFile: ReadScriptFile
  /** What the script may be told of an absolute path. */
  readonly shownPath: (absolutePath: string) => string
  /** The modules of the script, for CommonJS. */
  readonly resolveModule: (base: string, specifier: string) => FoundModule | Promise<FoundModule>
  /** The text of a JSON module of the script. */
  readonly jsonText: (url: string) => string
  /** The absolute form of a specifier, whether there is such a module or not. */
  readonly resolveUrl: (base: string, specifier: string) => string
  /** Milliseconds since 1970, with a fraction. */
  readonly now: () => number
  /** Takes the next turn of the run for a request: when it is, as `now` tells time. Absent where nobody has to wait. */
  readonly nextRequestMs?: () => number
  /** A secret of a source, the default one without a name. The promise is rejected with an error for the script. */
  readonly secret: (source: string | undefined, key: string) => Promise<string>
  /** Called now and then while the script of this VU computes, 0 for a stage: no message gets through otherwise. */
  readonly onPoll: (vu: number) => void
  /** Told of errors that are ours and not the script's. */
  readonly onInternalError: (e: unknown) => void
  /** Called by `exec.test.abort` and `exec.test.fail`. */
  readonly onTestEnd: (kind: 'abort' | 'fail', text: string) => void
  /** The number in the whole test of the VU that has `id` in this instance. */
  readonly idInTest: (id: number) => number
  /** Values of `k6/execution` that change while the test runs, as JSON. */
  readonly executionInfo: (vu: VuContext) => string
}

/** Numbers of the present iteration that `k6/execution` shows. */
export interface IterationInfo {
  scenario: string
  executor: string
  scenarioStartMs: number
  iterationInScenario: number
  iterationInInstance: number
  /** Its number among those of the scenario in this instance, and in the whole test: not the same in a segment of it. */
  scenarioIterationInInstance: number
  scenarioIterationInTest: number
}

/** Makes what a VU has of a protocol, when its script first does something with it. */
export interface NewProtocols {
  readonly grpc: () => GrpcVu
  readonly http: () => HttpVu
}

export class VuContext {
  readonly id: number
  readonly services: ThreadServices
  readonly tasks: TaskQueue
  /** What few scripts use is made when one does: there may be thousands of VUs. */
  #abort: AbortController | undefined
  #grpc: GrpcVu | undefined
  #http: HttpVu | undefined
  #hashings: Handles<Hashing> | undefined
  #webCrypto: WebCryptoVu | undefined
  #files: OpenFiles | undefined
  #endSleep: (() => void) | undefined
  #isClosed = false
  readonly #newProtocols: NewProtocols
  ring: SampleRing | undefined
  /** Ends what the VM is doing, uncatchably. */
  interrupt: () => void = () => {}
  /** The VM's memory as it is now: growing it replaces the buffer. */
  memory: () => ArrayBufferLike = () => new ArrayBuffer(0)
  /** Told before the VM waits for so long that others may have its place meanwhile. */
  onLongWait: () => void = () => {}
  /** Told when all modules of the script are linked, before the first of them runs. */
  onLinked: () => void = () => {}
  iteration: IterationInfo | undefined
  /** True once this VU has called `exec.test.abort`: its iteration ends there, and counts. */
  hasAborted = false
  /** All tags of the VU, once the script has changed one of them; undefined until then. */
  tags: TagSet | undefined
  /** What goes with each sample beside its tags. */
  metadata: TagSet = TagSet.empty
  #systemMetadata: TagSet = TagSet.empty
  #scriptMetadata: TagSet = TagSet.empty
  readonly #tagSets: TagSet[] = []

  constructor(id: number, services: ThreadServices, tasks: TaskQueue, newProtocols: NewProtocols) {
    this.id = id
    this.services = services
    this.tasks = tasks
    this.#newProtocols = newProtocols
  }

  /** Ends all waiting when the iteration is interrupted or over. */
  get abort(): AbortController {
    this.#abort ??= newAbort()
    return this.#abort
  }

  /** Its gRPC clients. Only for what a script that imports k6/net/grpc asks for. */
  get grpc(): GrpcVu {
    if (this.#grpc === undefined) {
      this.#grpc = this.#newProtocols.grpc()
      if (this.#isClosed) this.#grpc.close()
    }
    return this.#grpc
  }

  /** What it keeps for HTTP. Only for what a script that imports k6/http asks for. */
  get http(): HttpVu {
    if (this.#http === undefined) {
      this.#http = this.#newProtocols.http()
      if (this.#isClosed) this.#http.close()
    }
    return this.#http
  }

  /** Hashes that the script feeds in parts. */
  get hashings(): Handles<Hashing> {
    this.#hashings ??= new Handles<Hashing>('hashes', 10_000)
    return this.#hashings
  }

  get webCrypto(): WebCryptoVu {
    this.#webCrypto ??= new WebCryptoVu()
    return this.#webCrypto
  }

  get files(): OpenFiles {
    this.#files ??= new OpenFiles()
    return this.#files
  }

  /** Keeps a set of tags for the guest, which refers to it by the number returned. */
  addTagSet(tags: TagSet): number {
    if (this.#tagSets.length >= maxTagSets) {
      throw new GuestError('GoError', `a VU may have ${maxTagSets} different sets of tags`)
    }
    this.#tagSets.push(tags)
    return this.#tagSets.length - 1
  }

  /** Takes the samples that were made with them, and forgets all sets of tags. */
  forgetTagSets(): void {
    this.ring?.drain(this.metadata)
    this.ring?.forgetSeries()
    this.#tagSets.length = 0
  }

  /** @throws {GuestError} for a number that is none of this VU's */
  tagSet(id: unknown): TagSet {
    const tags = typeof id === 'number' ? this.#tagSets[id] : undefined
    if (tags === undefined) throw new GuestError('TypeError', 'unknown tag set')
    return tags
  }

  /** vu and iter, when they are switched on among the system tags. */
  setSystemMetadata(metadata: TagSet): void {
    this.#systemMetadata = metadata
    this.metadata = metadata.withAll(this.#scriptMetadata.entries)
  }

  /** What the script set. Samples that it has written so far keep what held then. */
  setScriptMetadata(metadata: TagSet): void {
    this.ring?.drain(this.metadata)
    this.#scriptMetadata = metadata
    this.metadata = this.#systemMetadata.withAll(metadata.entries)
  }

  /** Bytes that went over the wire since the last call. */
  takeTraffic(): Traffic {
    const grpc = this.#grpc?.takeTraffic()
    const http = this.#http?.takeTraffic()
    if (grpc === undefined || http === undefined) return grpc ?? http ?? noTraffic
    return { sentBytes: grpc.sentBytes + http.sentBytes, receivedBytes: grpc.receivedBytes + http.receivedBytes }
  }

  /** Connections that the VU has open, of all protocols, and those that it is dialling. */
  get openConnections(): number {
    return (this.#grpc?.openConnections ?? 0) + (this.#http?.pool.size ?? 0)
  }

  /** Closes those of HTTP that nobody uses. */
  closeIdleConnections(): void {
    this.#http?.pool.closeIdle()
  }

  /** Closes all connections: the VU is over. */
  close(): void {
    this.#isClosed = true
    this.#grpc?.close()
    this.#http?.close()
  }

  /** An iteration begins: cookies and bodies of the one before are gone. */
  beginIteration(): void {
    this.#http?.renew()
  }

  /** The script is to run: what ended the waiting before ends no more. */
  renew(): void {
    if (this.#abort?.signal.aborted) this.#abort = undefined
  }

  /** Ends all that is waited for, and until `renew` what begins. */
  endWaits(): void {
    this.abort.abort()
    this.#endSleep?.()
  }

  /** Waits so many milliseconds, or until waiting is ended. While a script sleeps it does nothing else. */
  sleep(ms: number): Promise<undefined> {
    if (this.#abort?.signal.aborted) return Promise.resolve(undefined)
    if (ms >= longRestMs) this.onLongWait()
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        if (this.#endSleep === end) this.#endSleep = undefined
        resolve(undefined)
      }
      const timer = setTimeout(end, Math.min(ms, longestTimerMs))
      this.#endSleep = end
    })
  }
}

const noTraffic: Traffic = Object.freeze({ sentBytes: 0, receivedBytes: 0 })

/** As many calls as a script likes may wait for it to say stop; Node.js warns of a leak at the eleventh. */
function newAbort(): AbortController {
  const abort = new AbortController()
  setMaxListeners(0, abort.signal)
  return abort
}

// The guest half forgets all of them before it has more.
const maxTagSets = 1000

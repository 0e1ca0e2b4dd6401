/**
 * The engines of a thread, which its VMs take in turns. A VM that waits is nothing but what is in its memory; kept as the
 * difference from a reference (parked-memory.ts) that takes some kilobytes, where an engine takes half a megabyte. So a VM takes
 * a seat, an engine to run in, when it is entered, and keeps it while it runs and as long as nobody else wants it.
 *
 * VMs that wait for a moment only keep their seats, since parking takes longer than the moment is worth: when such VMs come back
 * too often, there will be more seats.
 */
import { AppError } from '../errors.js'
import { compileEngine } from './engine-compiler.js'
import { freshPages, heapBottom, pageBytes, stackBottom } from './engine-program.js'
import { ValueReader } from './js-value.js'
import { type MemoryImage, memoryImage, restoreMemory } from './memory-image.js'
import { MemoryPool } from './memory-pool.js'
import { findHeapEnd, MemoryReference, mostHeapBytes, type ParkedMemory, putBack } from './parked-memory.js'
import { addRejectionTracker, type OnRejection } from './rejection-tracker.js'
import { type EngineCallbacks, type EngineState, idleState, type Pointer, WasmInstance } from './wasm-instance.js'

/** What a VM has of its engine, and what is kept of it without one. */
export interface ParkedVm {
  readonly memory: ParkedMemory
  readonly state: EngineState
}

/** A VM, as its seat sees it. */
export interface SeatHolder {
  readonly callbacks: EngineCallbacks & { readonly onRejection: OnRejection }
  /** Since when it has been idle or waiting, as `performance.now()` tells time; undefined while it needs its seat. */
  readonly restsSinceMs: number | undefined
  /** Is to park itself. False when it cannot. */
  giveUpSeat(): boolean
}

/** An engine and what every VM in it needs. */
export interface Seat {
  readonly engine: WasmInstance
  readonly values: ValueReader
  /** The function in the engine's table that is told of rejections. */
  readonly tracker: number
  readonly nullPointer: Pointer
  holder: SeatHolder | undefined
  /** Its place among those that are taken. */
  index: number
}

/** A few VMs that have grown as large as they may. */
const mostKeptBytes = 256 * 1024 * 1024
/** The memories of this thread. */
const memories = new MemoryPool(mostKeptBytes)

/** So many seats a thread has before any VM is parked. */
export const leastSeats = 48
/** Waiting for less is no reason to be parked, unless there is no seat. */
export const longRestMs = 1000
/** There is one seat more whenever so many VMs had to be parked that came back sooner than that. */
const returnsForSeat = 4
/** VMs that wait for long are parked at once when no more seats than these are free. */
const reserve = 8
/** So many seats are looked at for the VM that has rested longest. */
const glances = 8

/** Where every engine of the pinned program keeps the end of its heap. */
let heapEndAt: Pointer | undefined

export class EngineSeats {
  readonly #memoryBytes: number
  readonly #mostPages: number
  readonly #program: WebAssembly.Module
  #reference: MemoryReference | undefined
  /** False once there can be no reference. */
  #mayPark = true
  #most: number
  readonly #earlyReturns: number
  #early = 0
  #dice = 1
  /** Those with the reference in them, and nobody. */
  readonly #free: Seat[] = []
  readonly #taken: Seat[] = []

  /**
   * @param memoryBytes what the memory of a VM can have
   * @param least seats before any VM is parked
   * @param earlyReturns of VMs that had to be parked, for each seat more
   */
  constructor(
    memoryBytes: number,
    program = compileEngine('lasting'),
    least = leastSeats,
    earlyReturns = returnsForSeat,
  ) {
    this.#memoryBytes = memoryBytes
    this.#mostPages = Math.max(freshPages, Math.floor(memoryBytes / pageBytes))
    this.#program = program
    this.#most = least
    this.#earlyReturns = earlyReturns
  }

  /** Seats that there are, taken or free. */
  get size(): number {
    return this.#free.length + this.#taken.length
  }

  /** A seat with an engine in which nothing has run. */
  fresh(holder: SeatHolder): Seat {
    // Others make room, but an engine that something has run in is not fresh: its memory is.
    if (this.size >= this.#most && (this.#free.length > 0 || this.#makeRoom())) {
      memories.give(this.#free.pop()!.engine.memory, this.#mostPages)
    }
    return this.#sit(this.#newSeat(freshPages, holder), holder)
  }

  /** A seat for a VM that begins with an image. @throws {AppError} when that needs more memory than a VM can have */
  withImage(holder: SeatHolder, image: MemoryImage): Seat {
    this.check(image)
    if (this.#mayPark && this.#reference === undefined) this.#refer(image)
    if (this.#reference?.image === image) return this.#sit(this.#withReference(holder), holder)
    const seat = this.#newSeat(image.pages, holder)
    restoreMemory(image, seat.engine.bytes)
    return this.#sit(seat, holder)
  }

  /** @throws {AppError} when the image needs more memory than a VM can have */
  check({ pages }: MemoryImage): void {
    if (pages <= this.#mostPages) return
    throw new AppError('LIMIT_MEMORY', `the script has ${pages * pageBytes} bytes of memory (limit memoryBytes)`)
  }

  /**
   * A seat for a VM that was parked, as it was then; `restedMs` is how long it has waited.
   *
   * @throws {AppError} LIMIT_MEMORY when the machine has no memory for it
   */
  back(holder: SeatHolder, parked: ParkedVm, restedMs: number): Seat {
    if (restedMs < longRestMs && ++this.#early % this.#earlyReturns === 0) this.#most++
    const seat = this.#withReference(holder)
    const { engine } = seat
    try {
      fromMachine(() => engine.reserve(parked.memory.end))
    } catch (e) {
      this.#free.push(seat)
      throw e
    }
    putBack(parked.memory, engine.words)
    engine.state = parked.state
    return this.#sit(seat, holder)
  }

  /**
   * Takes a VM out of its seat. Undefined when it has to keep it. `before` is what was kept of it before, `isSuspended` says
   * whether its stack is unwound, and `stackBytes` how much of that its script may use.
   */
  park(seat: Seat, isSuspended: boolean, stackBytes: number, before?: ParkedMemory): ParkedVm | undefined {
    const { engine } = seat
    const heapEnd = engine.words[heapEndAt! >> 2]!
    if (heapEnd - heapBottom > mostHeapBytes) return undefined
    if (this.#mayPark && this.#reference === undefined) this.#refer(memoryImage(engine.bytes))
    if (this.#reference === undefined) return undefined
    try {
      engine.reserve(this.#reference.end)
    } catch {
      // The machine has no memory for that.
      return undefined
    }
    const state = isSuspended ? engine.state : idleState
    const isUnwoundToStack = isSuspended && state.block === 0
    const memory = this.#reference.take(
      {
        bytes: engine.bytes,
        words: engine.words,
        stackPointer: state.stackPointer,
        unwoundEnd: isUnwoundToStack ? engine.words[state.unwoundAt >> 2]! : stackBottom,
        stackBytes,
        heapEnd,
      },
      before,
    )
    if (memory === undefined) return undefined
    engine.state = idleState
    this.#stand(seat)
    this.#free.push(seat)
    return { memory, state }
  }

  /** True when a VM that waits for long is to be parked at once: others will want its seat. */
  get isCrowded(): boolean {
    return this.#free.length < reserve && this.size >= this.#most
  }

  /** Drops the engine of a VM that is over: its memory is for another one. */
  release(seat: Seat): void {
    this.#stand(seat)
    memories.give(seat.engine.memory, this.#mostPages)
  }

  /** Makes the image the reference of all VMs, when it is not too large. */
  #refer(image: MemoryImage): void {
    this.#reference = MemoryReference.of(image)
    this.#mayPark = this.#reference !== undefined
  }

  #sit(seat: Seat, holder: SeatHolder): Seat {
    seat.holder = holder
    seat.engine.callbacks = holder.callbacks
    seat.index = this.#taken.push(seat) - 1
    return seat
  }

  #stand(seat: Seat): void {
    seat.holder = undefined
    const last = this.#taken.pop()!
    if (last === seat) return
    last.index = seat.index
    this.#taken[seat.index] = last
  }

  /** A seat that has the reference in it. */
  #withReference(holder: SeatHolder): Seat {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.size >= this.#most && this.#makeRoom()) return this.#free.pop()!
    const { image } = this.#reference!
    const seat = this.#newSeat(image.pages, holder)
    restoreMemory(image, seat.engine.bytes)
    return seat
  }

  /** Has one of the VMs that rest give its seat up. False when none of those that were looked at could. */
  #makeRoom(): boolean {
    const all = this.#taken
    let longest: SeatHolder | undefined
    let sinceMs = Number.POSITIVE_INFINITY
    for (let i = 0; i < glances && all.length > 0; i++) {
      // An order of its own: VMs come back in that in which they went.
      this.#dice = (Math.imul(this.#dice, 1_103_515_245) + 12_345) >>> 0
      const { holder } = all[(this.#dice >>> 8) % all.length]!
      const since = holder!.restsSinceMs
      if (since === undefined || since >= sinceMs) continue
      longest = holder
      sinceMs = since
    }
    return longest?.giveUpSeat() ?? false
  }

  #newSeat(pages: number, holder: SeatHolder): Seat {
    const engine = fromMachine(() => {
      const made = new WasmInstance(memories.take(pages, this.#mostPages), this.#mostPages, this.#program)
      made.reserve(pages * pageBytes)
      return made
    })
    heapEndAt ??= findHeapEnd(engine.words)
    engine.callbacks = holder.callbacks
    const seat: Seat = {
      engine,
      values: new ValueReader(engine, this.#memoryBytes),
      tracker: addRejectionTracker(engine, (promise, reason, isHandled) =>
        seat.holder?.callbacks.onRejection(promise, reason, isHandled),
      ),
      nullPointer: engine.exports.nullPointer(),
      holder: undefined,
      index: 0,
    }
    return seat
  }
}

/** What takes memory of the machine. @throws {AppError} LIMIT_MEMORY when that has none */
function fromMachine<T>(take: () => T): T {
  try {
    return take()
  } catch (e) {
    if (!(e instanceof RangeError)) throw e
    const text = 'this machine has no memory for another VM: use fewer VUs, or a smaller limit memoryBytes'
    throw new AppError('LIMIT_MEMORY', text, { cause: e })
  }
}

const known = new Map<WebAssembly.Module, Map<number, EngineSeats>>()

/** The seats of this thread for VMs with that limit in that engine. */
export function seatsOf(memoryBytes: number, program = compileEngine('lasting')): EngineSeats {
  const ofProgram = known.get(program) ?? new Map<number, EngineSeats>()
  const seats = ofProgram.get(memoryBytes) ?? new EngineSeats(memoryBytes, program)
  ofProgram.set(memoryBytes, seats)
  known.set(program, ofProgram)
  return seats
}

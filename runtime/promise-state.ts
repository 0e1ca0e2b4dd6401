/**
 * What the engine's API does not tell of a promise: whether anybody handles it. Read straight from the VM's memory.
 *
 * A promise is an object whose own data is a state, two lists of reactions and the mark. Where that data hangs is found out
 * from promises of known state, so that an engine with another layout gives no answer in place of a wrong one.
 */
import type { Pointer } from './wasm-instance.js'

/** Promises of known state, as addresses of objects of the VM. */
export interface KnownPromises {
  pending: Pointer
  fulfilled: Pointer
  rejected: Pointer
  rejectedAndHandled: Pointer
}

/** What a promise may be; the guest half has the same numbers. */
export const promiseState = { pending: 0, fulfilled: 1, rejected: 2, rejectedAndHandled: 3 } as const

const rejected = 2
const classOffset = 6
/** Where an object's own data can begin, behind its shape and its properties. */
const dataOffsets = [24, 28, 32, 36]
/** Behind the state and two lists of reactions. */
const handledOffset = 20
const isLittleEndian = true

export class PromiseStates {
  readonly #memory: () => ArrayBufferLike
  readonly #classId: number
  readonly #dataOffset: number

  private constructor(memory: () => ArrayBufferLike, classId: number, dataOffset: number) {
    this.#memory = memory
    this.#classId = classId
    this.#dataOffset = dataOffset
  }

  /** Undefined when the objects of this engine look different. */
  static calibrate(memory: () => ArrayBufferLike, known: KnownPromises): PromiseStates | undefined {
    const view = new DataView(memory())
    if (Object.values(known).some((at: Pointer) => at <= 0 || at + 64 > view.byteLength)) return undefined
    const classId = view.getUint16(known.pending + classOffset, isLittleEndian)
    for (const dataOffset of dataOffsets) {
      const states = new PromiseStates(memory, classId, dataOffset)
      const names = Object.keys(known) as (keyof KnownPromises)[]
      if (names.every((name) => states.of(known[name]) === promiseState[name])) return states
    }
    return undefined
  }

  /** The state of the promise at an address; undefined for what is no promise. */
  of(promise: Pointer): number | undefined {
    const view = new DataView(this.#memory())
    if (promise <= 0 || promise + 64 > view.byteLength) return undefined
    if (view.getUint16(promise + classOffset, isLittleEndian) !== this.#classId) return undefined
    const data = view.getUint32(promise + this.#dataOffset, isLittleEndian)
    if (data === 0 || data + 32 > view.byteLength) return undefined
    const state = view.getInt32(data, isLittleEndian)
    const isHandled = view.getInt32(data + handledOffset, isLittleEndian) !== 0
    return state === rejected && isHandled ? promiseState.rejectedAndHandled : state
  }
}

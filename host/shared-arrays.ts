/** The SharedArrays of a run as the VMs of one thread see them: by number once they are there, by name before. */
import { AppError } from '../errors.js'
import { GuestError } from '../runtime/guest-error.js'
import { elementOf, type SharedArrayData, SharedArrayDraft, tooLarge } from './shared-array-data.js'
import type { SharedArrayClaims } from './shared-array-registry.js'

const maxNameLength = 8192

export class SharedArrays {
  readonly #claims: SharedArrayClaims
  readonly #maxBytes: number
  readonly #arrays: SharedArrayData[] = []
  readonly #numbers = new Map<string, number>()
  /** Arrays that VMs of this thread are making: a name has one maker. */
  readonly #drafts = new Map<string, { vm: object; draft: SharedArrayDraft }>()
  readonly #makers = new WeakMap<object, string>()
  #lastMaker = 0

  constructor(claims: SharedArrayClaims, maxBytes: number, known: Iterable<readonly [string, SharedArrayData]> = []) {
    this.#claims = claims
    this.#maxBytes = maxBytes
    for (const [name, data] of known) this.#keep(name, data)
  }

  /** The number of the array, or undefined when `vm` is now to make it. Waits while another VM does. */
  claim(name: string, vm: object): number | Promise<number | undefined> {
    if (name.length > maxNameLength) {
      throw new AppError('LIMIT_SIZE', `the name of a SharedArray may have ${maxNameLength} characters`)
    }
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    return this.#claims.claim(name, this.#maker(vm)).then((data) => {
      if (data !== undefined) return this.#keep(name, data)
      this.#drafts.set(name, { vm, draft: new SharedArrayDraft() })
      return undefined
    })
  }

  /** More elements of an array that `vm` makes: each its JSON and a line feed. @throws {AppError} LIMIT_SIZE */
  append(name: string, vm: object, lines: string): void {
    this.#draft(name, vm).append(lines)
    let bytes = 0
    // One array may be made within another: there are hardly ever two.
    for (const { draft } of this.#drafts.values()) bytes += draft.bytes
    if (bytes > this.#maxBytes) throw tooLarge(this.#maxBytes)
  }

  /** The array is complete: all VMs of the run have it from now on. @throws {AppError} LIMIT_SIZE */
  async publish(name: string, vm: object): Promise<number> {
    const data = this.#draft(name, vm).finish()
    this.#drafts.delete(name)
    await this.#claims.settle(name, this.#maker(vm), data)
    return this.#keep(name, data)
  }

  /** `vm` could not make the array. */
  async release(name: string, vm: object): Promise<void> {
    if (this.#drafts.get(name)?.vm !== vm) return
    this.#drafts.delete(name)
    await this.#claims.settle(name, this.#maker(vm), undefined)
  }

  /** Gives up what a VM makes or waits for that will not go on. */
  abandon(vm: object): void {
    for (const [name, draft] of [...this.#drafts]) if (draft.vm === vm) this.#drafts.delete(name)
    const maker = this.#makers.get(vm)
    if (maker !== undefined) this.#claims.abandon(maker)
  }

  /** @throws {GuestError} for a number that stands for none */
  length(number: number): number {
    return this.#array(number).ends.length
  }

  /** The JSON text of an element, or undefined beyond the end. */
  element(number: number, index: number): Uint8Array | undefined {
    return elementOf(this.#array(number), index)
  }

  #array(number: number): SharedArrayData {
    const data = this.#arrays[number]
    if (data === undefined) throw new GuestError('TypeError', 'no such SharedArray')
    return data
  }

  #draft(name: string, vm: object): SharedArrayDraft {
    const found = this.#drafts.get(name)
    if (found === undefined || found.vm !== vm) throw new GuestError('TypeError', 'this VM makes no such SharedArray')
    return found.draft
  }

  #keep(name: string, data: SharedArrayData): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    this.#numbers.set(name, this.#arrays.length)
    return this.#arrays.push(data) - 1
  }

  #maker(vm: object): string {
    let maker = this.#makers.get(vm)
    if (maker === undefined) {
      this.#lastMaker += 1
      maker = String(this.#lastMaker)
      this.#makers.set(vm, maker)
    }
    return maker
  }
}

/**
 * The SharedArrays that VMs of several threads may make at the same time: a thread asks, the main thread, which has the
 * registry, answers. Messages only; who gets what is decided in host/shared-array-registry.ts.
 */
import type { SharedArrayData } from '../host/shared-array-data.js'
import type { SharedArrayClaims, SharedArrayRegistry } from '../host/shared-array-registry.js'
import { type CarriedError, carry, errorOf } from './carried-error.js'

/** From a thread. `id` is given back with the answer; to give up needs none. */
export type SharedArrayRequest =
  | { readonly id: number; readonly what: 'claim'; readonly name: string; readonly maker: string }
  | {
      readonly id: number
      readonly what: 'settle'
      readonly name: string
      readonly maker: string
      readonly data: SharedArrayData | undefined
    }
  | { readonly what: 'abandon'; readonly maker: string }

export interface SharedArrayAnswer {
  readonly id: number
  readonly data: SharedArrayData | undefined
  readonly error: CarriedError | undefined
}

interface Settle {
  resolve(data: SharedArrayData | undefined): void
  reject(e: unknown): void
}

/** The end in a thread. */
export class SharedArrayLink implements SharedArrayClaims {
  readonly #send: (request: SharedArrayRequest) => void
  readonly #open = new Map<number, Settle>()
  #lastId = 0

  constructor(send: (request: SharedArrayRequest) => void) {
    this.#send = send
  }

  claim(name: string, maker: string): Promise<SharedArrayData | undefined> {
    return this.#ask((id) => ({ id, what: 'claim', name, maker }))
  }

  async settle(name: string, maker: string, data: SharedArrayData | undefined): Promise<void> {
    await this.#ask((id) => ({ id, what: 'settle', name, maker, data }))
  }

  abandon(maker: string): void {
    this.#send({ what: 'abandon', maker })
  }

  onAnswer({ id, data, error }: SharedArrayAnswer): void {
    const settle = this.#open.get(id)
    this.#open.delete(id)
    if (error === undefined) settle?.resolve(data)
    else settle?.reject(errorOf(error))
  }

  #ask(request: (id: number) => SharedArrayRequest): Promise<SharedArrayData | undefined> {
    this.#lastId += 1
    const id = this.#lastId
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject })
      this.#send(request(id))
    })
  }
}

/** The end in the main thread: does what a thread asks for, the names of whose VMs get a prefix. An answer to `abandon` is undefined. */
export async function answerSharedArray(
  registry: SharedArrayRegistry,
  prefix: string,
  request: SharedArrayRequest,
): Promise<SharedArrayAnswer | undefined> {
  const maker = prefix + request.maker
  if (request.what === 'abandon') {
    registry.abandon(maker)
    return undefined
  }
  const { id, name } = request
  try {
    if (request.what === 'claim') return { id, data: await registry.claim(name, maker), error: undefined }
    await registry.settle(name, maker, request.data)
    return { id, data: undefined, error: undefined }
  } catch (e) {
    return { id, data: undefined, error: carry(e) }
  }
}

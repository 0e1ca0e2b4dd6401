/**
 * Runs one entry of the guest to its end: the call itself, its promise jobs, and then one task after the other as host
 * work settles, until nothing is left that could still call the script. The rules are those of k6's event loop.
 */
import { GuestError } from './guest-error.js'
import { type Crossing, Utf8Text } from './js-value.js'
import { type Completion, type Soon, type Vm, whenThere } from './vm.js'

/** Timers, calls and other work of one VM that may be open at a time. */
const maxOpen = 100_000

/** Items that go over in one entry, at most, with so many letters or a little more; and those of one that may go over with others. */
const mostItems = 64
const mostListLetters = 32 * 1024
const mostItemLetters = 4096
/** So many are handed over alone after one whose promise jobs kept the others waiting. */
const aloneAfterJobs = 8

/** What a piece of work has come to, or one of the things that it comes to. */
export interface Result {
  readonly task: number
  readonly kind: string
  readonly payload: Crossing
  /** Of an item. */
  readonly source: ItemSource | undefined
  readonly units: number
  /** The one that waits behind it. */
  next: Result | undefined
}

/** Items as one text of JSON. */
interface ItemList {
  readonly json: string
  readonly count: number
}

/** Where the items of a piece of work come from. */
export interface ItemSource {
  /** The script takes the next item, of so many units as it was handed in with. */
  onTaken(units: number): void
}

/** Results of host work that the script does not wait for, on their way into the VM. */
export class TaskQueue {
  readonly #open = new Map<number, () => void>()
  /** Those that wait, linked: many come and go, and to take the first of an array moves the others. */
  #first: Result | undefined
  #last: Result | undefined
  #count = 0
  /** How many items are tried next in one entry, and how many go alone before that. */
  #itemsTogether = mostItems
  #itemsAlone = 0
  #waitingBytes = 0
  #wake: (() => void) | undefined

  /**
   * Notes work that begins under the guest's number. `cancel` is called when the iteration ends before it.
   *
   * @throws {GuestError} when too much is open, or other work has that number
   */
  begin(task: number, cancel: () => void): void {
    if (this.#open.has(task)) throw new GuestError('TypeError', 'there is a task of that number')
    if (this.#open.size >= maxOpen) {
      throw new GuestError('GoError', `a VU may have ${maxOpen} timers and calls under way`)
    }
    this.#open.set(task, cancel)
  }

  /** Hands in a result. Those of work that has ended or was never begun are dropped. */
  post(task: number, kind: string, payload: Crossing, isLast: boolean): void {
    if (!this.#open.has(task)) return
    if (isLast) this.#open.delete(task)
    this.#add({ task, kind, payload, source: undefined, units: 0, next: undefined })
  }

  /**
   * Hands in one of the many things that a piece of work comes to: JSON, or what the work's handler reads otherwise. Those
   * that come one after the other are handed over together. `source` is told when the script takes it.
   */
  postItem(task: number, payload: Crossing, source: ItemSource, units: number): void {
    if (this.#open.has(task)) this.#add({ task, kind: 'item', payload, source, units, next: undefined })
  }

  #add(result: Result): void {
    if (this.#last === undefined) this.#first = result
    else this.#last.next = result
    this.#last = result
    this.#count++
    this.#waitingBytes += sizeOf(result.payload)
    this.#wake?.()
  }

  /**
   * Hands in the value that work ends with. While more than `mostBytes` wait for the script, it is an error instead: servers
   * may answer faster than a script that is busy takes what they say.
   */
  postValue(task: number, value: Crossing, mostBytes: number): void {
    if (this.#waitingBytes + sizeOf(value) <= mostBytes) this.post(task, 'value', value, true)
    else
      this.post(task, 'error', `results of more than ${mostBytes} bytes wait for the script (limit memoryBytes)`, true)
  }

  /** The guest wants no more of this work. */
  end(task: number): void {
    this.#open.get(task)?.()
    this.#open.delete(task)
    this.#wake?.()
  }

  /** Work that is open. */
  get size(): number {
    return this.#open.size
  }

  /** Results that wait to be delivered. */
  get waiting(): number {
    return this.#count
  }

  /** Ends all work and drops all results. */
  clear(): void {
    for (const cancel of this.#open.values()) cancel()
    this.#open.clear()
    this.#first = undefined
    this.#last = undefined
    this.#count = 0
    this.#waitingBytes = 0
  }

  /** Ends the wait of `next` without a result. */
  interrupt(): void {
    this.#wake?.()
  }

  /** The next result, if there is one already. */
  take(): Result | undefined {
    const first = this.#first
    if (first === undefined) return undefined
    this.#first = first.next
    if (first.next === undefined) this.#last = undefined
    first.next = undefined
    this.#count--
    this.#waitingBytes -= sizeOf(first.payload)
    first.source?.onTaken(first.units)
    return first
  }

  /**
   * An item that was taken and the items of the same work that come next; undefined when it goes alone. Those stay here: each is to
   * be taken when the script does.
   */
  listFrom(item: Result): ItemList | undefined {
    if (!mayBeListed(item)) return undefined
    if (this.#itemsAlone > 0) {
      this.#itemsAlone--
      return undefined
    }
    let json = `[${item.payload}`
    let count = 1
    for (let next = this.#first; next !== undefined && count < this.#itemsTogether; next = next.next) {
      if (next.task !== item.task || !mayBeListed(next) || json.length > mostListLetters) break
      json += `,${next.payload}`
      count++
    }
    return count === 1 ? undefined : { json: `${json}]`, count }
  }

  /** So many of a list were taken before something else had its turn: where not all are, fewer are tried. */
  onListTaken({ count }: ItemList, taken: number): void {
    if (taken === 1) this.#itemsAlone = aloneAfterJobs
    this.#itemsTogether = taken < count ? Math.max(taken, 2) : Math.min(this.#itemsTogether * 2, mostItems)
  }

  /** The next result, or undefined when no work is open or the wait was interrupted. */
  async next(isInterrupted: () => boolean): Promise<Result | undefined> {
    while (!isInterrupted()) {
      const first = this.take()
      if (first !== undefined) return first
      if (this.#open.size === 0) return undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    return undefined
  }
}

const mayBeListed = ({ kind, payload }: Result): boolean =>
  kind === 'item' && typeof payload === 'string' && payload.length <= mostItemLetters

/** Characters count as the bytes that most of them take. */
function sizeOf(payload: Crossing): number {
  if (typeof payload === 'string') return payload.length
  return payload instanceof Uint8Array || payload instanceof Utf8Text ? payload.byteLength : 0
}

/** What a script threw, described by the guest half. Text from a script: clean it before it goes anywhere. */
export interface GuestFailure {
  /** `Error: message`, or the thrown value as text. */
  text: string
  /** Lines of the form `\tat name (file:line:column)\n`. */
  frames: string
  /** True when it came out of a promise. */
  isFromPromise: boolean
  /** True when the script ran well and what it returned has no JSON form. */
  isEncodingError?: boolean
}

export type Outcome = { kind: 'done' } | { kind: 'failed'; failure: GuestFailure } | { kind: 'interrupted' }

const maxFailureText = 64 * 1024

/** Reads a failure as modules/boot.ts writes it: `!`, `p` when it came out of a promise, and JSON. */
export function parseFailure(text: string): GuestFailure {
  const isFromPromise = text[1] === 'p'
  try {
    const found = JSON.parse(text.slice(isFromPromise ? 2 : 1)) as Partial<GuestFailure>
    return {
      text: String(found.text).slice(0, maxFailureText),
      frames: String(found.frames).slice(0, maxFailureText),
      isFromPromise,
    }
  } catch {
    return { text: 'InternalError: out of memory', frames: '', isFromPromise }
  }
}

/** How the first part of an entry ended; pending when the script's own promise may still be open. */
type Step = Outcome | { kind: 'pending' }

const done = { kind: 'done' } as const
const pending = { kind: 'pending' } as const

/**
 * Enters the guest with `begin` and runs its event loop dry. The guest's answers are those of modules/boot.ts: nothing,
 * `pending`, or a failure. All at once when the guest has nothing to wait for.
 *
 * @throws {AppError} when the VM died; it must then be dropped
 */
export function runToEnd<Vu>(
  vm: Vm<Vu>,
  tasks: TaskQueue,
  cpuMs: number,
  begin: () => Soon<Completion>,
): Soon<Outcome> {
  return whenThere(step(vm, cpuMs, begin()), (first) => {
    // What is delivered now and what is still open has to be waited for, and so has the script's own promise.
    if (first.kind === 'done' && tasks.size === 0 && tasks.waiting === 0 && !vm.isInterrupted) return done
    return first.kind === 'done' || first.kind === 'pending' ? loop(vm, tasks, cpuMs, first) : first
  })
}

async function loop<Vu>(vm: Vm<Vu>, tasks: TaskQueue, cpuMs: number, first: Step): Promise<Outcome> {
  let ended: Outcome = done
  while (ended.kind === 'done') {
    // Results that are there and steps that wait for nothing take no promise each.
    const next = (vm.isInterrupted ? undefined : tasks.take()) ?? (await tasks.next(() => vm.isInterrupted))
    if (vm.isInterrupted) ended = { kind: 'interrupted' }
    if (next === undefined) break
    const soon = step(vm, cpuMs, deliver(vm, tasks, cpuMs, next))
    const later = soon instanceof Promise ? await soon : soon
    if (later.kind !== 'pending') ended = later
  }
  if (ended.kind === 'done' && first.kind === 'pending') {
    const outcome = await vm.enter(cpuMs, 'outcome')
    if (outcome.kind === 'interrupted') return outcome
    if (outcome.kind === 'returned' && typeof outcome.value === 'string' && outcome.value.startsWith('!')) {
      return { kind: 'failed', failure: parseFailure(outcome.value) }
    }
  }
  return ended
}

/** Enters the guest with a result that was taken, and perhaps with those that follow. */
function deliver<Vu>(vm: Vm<Vu>, tasks: TaskQueue, cpuMs: number, result: Result): Soon<Completion> {
  const { task, kind, payload } = result
  if (kind === 'value') return vm.enter(cpuMs, 'deliverValue', task, payload)
  const list = tasks.listFrom(result)
  if (list === undefined) return vm.enter(cpuMs, 'deliver', task, kind, payload)
  let taken = 1
  const onItem = () => {
    taken++
    tasks.take()
  }
  return whenThere(vm.enterWithItems(cpuMs, onItem, 'deliverItems', task, list.json), (completion) => {
    tasks.onListTaken(list, taken)
    return completion
  })
}

/** One task, which has begun, and the promise jobs that follow from it. */
function step<Vu>(vm: Vm<Vu>, cpuMs: number, begun: Soon<Completion>): Soon<Step> {
  return whenThere(begun, (completion): Soon<Step> => {
    if (completion.kind === 'interrupted') return completion
    if (completion.kind === 'thrown') return { kind: 'failed', failure: parseFailure(completion.description) }
    const { value } = completion
    if (typeof value === 'string' && value.startsWith('!')) return { kind: 'failed', failure: parseFailure(value) }
    return whenThere(vm.runJobs(cpuMs), () => {
      if (vm.death !== undefined) throw vm.death
      if (vm.isInterrupted) return { kind: 'interrupted' }
      // What is rejected and has no handler once the batch is over fails the iteration.
      return whenThere(vm.describeRejection(cpuMs), (rejection): Step => {
        if (rejection !== undefined) return { kind: 'failed', failure: parseFailure(rejection) }
        return value === 'pending' ? pending : done
      })
    })
  })
}

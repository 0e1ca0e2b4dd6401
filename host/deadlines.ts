/**
 * Deadlines of many calls that mostly last as long as each other and mostly end before: those of the same length stand in
 * one queue with one timer, which is left running when a call ends. A timer of Node's for each call costs several times as much.
 */
import { longestTimerMs } from './longest-timer.js'
import { leaveUncaught } from './uncaught.js'

/** Queues without a deadline whose timers may go on running. */
const mostIdle = 64

/** Who a deadline is for. */
export interface DeadlineOwner {
  /** May not throw. */
  onDeadline(): void
}

/** A deadline that was set. */
export interface Deadline {
  cancel(): void
}

/** By their length in ms. */
const queues = new Map<number, Queue>()

/**
 * Tells `owner` once, `ms` from now: never before, and seldom more than a millisecond later than a timer would.
 *
 * @param nowMs `performance.now()`, of somebody who has just asked
 */
export function setDeadline(ms: number, owner: DeadlineOwner, nowMs: number = performance.now()): Deadline {
  const lengthMs = Math.ceil(ms)
  let queue = queues.get(lengthMs)
  if (queue === undefined) {
    queue = new Queue(lengthMs)
    queues.set(lengthMs, queue)
  }
  return queue.add(owner, nowMs)
}

/** Deadlines of one length, the next one first. */
class Queue {
  readonly #lengthMs: number
  #first: Node | undefined
  #last: Node | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs
  }

  add(owner: DeadlineOwner, nowMs: number): Deadline {
    const node = new Node(this, nowMs + this.#lengthMs, owner)
    node.before = this.#last
    if (this.#last === undefined) this.#first = node
    else this.#last.after = node
    this.#last = node
    if (this.#timer === undefined) this.#arm(this.#lengthMs)
    return node
  }

  remove(node: Node): void {
    if (node.before === undefined) this.#first = node.after
    else node.before.after = node.after
    if (node.after === undefined) this.#last = node.before
    else node.after.before = node.before
    // A call that is remembered must not keep all later ones.
    node.before = undefined
    node.after = undefined
    if (this.#first === undefined && queues.size > mostIdle) this.#drop()
  }

  #arm(ms: number): void {
    // Whoever waits has a socket that keeps the process.
    this.#timer = setTimeout(() => this.#onTimer(), Math.min(Math.ceil(ms), longestTimerMs)).unref()
  }

  #onTimer(): void {
    this.#timer = undefined
    const now = performance.now()
    for (let node = this.#first; node !== undefined; node = this.#first) {
      // Timers may fire a moment early, and calls that were first may be gone.
      if (node.atMs > now) {
        this.#arm(node.atMs - now)
        return
      }
      node.cancel()
      try {
        node.owner.onDeadline()
      } catch (e) {
        // The others' time is up as well, and the timer has to go on.
        leaveUncaught(e)
      }
    }
    this.#drop()
  }

  #drop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (queues.get(this.#lengthMs) === this) queues.delete(this.#lengthMs)
  }
}

class Node implements Deadline {
  before: Node | undefined
  after: Node | undefined
  readonly atMs: number
  readonly owner: DeadlineOwner
  #queue: Queue | undefined

  constructor(queue: Queue, atMs: number, owner: DeadlineOwner) {
    this.#queue = queue
    this.atMs = atMs
    this.owner = owner
  }

  cancel(): void {
    this.#queue?.remove(this)
    this.#queue = undefined
  }
}

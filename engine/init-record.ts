/**
 * What the init code of one VU has asked of the host, so that another VU can have a copy of the VM after it: whether that
 * could be told from a VM in which it has run, and what has to be done on the host's side of the copy.
 */
import { initOperations } from '../host/init-operations.js'
import type { VuContext } from '../host/vu-context.js'
import { defineHostModule, type HostModule, type Operation } from '../runtime/host-module.js'
import { type Crossing, SharedBytes } from '../runtime/js-value.js'

/** Letters and bytes of all arguments and answers that are kept, and calls. What asks for more is run for each VU. */
const mostLetters = 1024 * 1024
const mostCalls = 10_000

interface Call {
  readonly run: Operation<VuContext>
  readonly args: readonly Crossing[]
  readonly isTold: boolean
  /** What it answered, or for bytes that lie in the VM's memory: where. */
  answer: Crossing
}

export class InitRecord {
  readonly #calls: Call[] = []
  readonly #onRefused: () => void
  #letters = 0
  #isOpen = true
  #isRefused = false

  /** `onRefused` is called once it is known that there will be no copy. */
  constructor(onRefused: () => void) {
    this.#onRefused = onRefused
  }

  /** The modules with operations that are noted here until the record is closed. */
  noting(modules: readonly HostModule<VuContext>[]): HostModule<VuContext>[] {
    return modules.map(({ name, operations }) =>
      defineHostModule(
        name,
        Object.fromEntries(
          Object.entries(operations).map(([verb, run]) => [verb, this.#noted(`${name}.${verb}`, run)]),
        ),
      ),
    )
  }

  /** What comes from now on belongs to iterations. True when a copy is as good as another VM. */
  close(): boolean {
    this.#isOpen = false
    return !this.#isRefused
  }

  refuse(): void {
    if (this.#isRefused) return
    this.#isRefused = true
    this.#calls.length = 0
    this.#onRefused()
  }

  /** Does for another VU what is not in its VM. False when something came out otherwise: then it needs a VM of its own. */
  repeat(vu: VuContext): boolean {
    return this.#repeat(vu, false) && this.#repeat(vu, true)
  }

  #repeat(vu: VuContext, isTold: boolean): boolean {
    return this.#calls.every((call) => call.isTold !== isTold || isSame(call, vu))
  }

  #noted(name: string, run: Operation<VuContext>): Operation<VuContext> {
    const kind = initOperations.get(name)
    return (vu, ...args) => {
      if (!this.#isOpen || this.#isRefused) return run(vu, ...args)
      if (kind === undefined) this.refuse()
      let answer: Crossing | Promise<Crossing>
      try {
        answer = run(vu, ...args)
      } catch (e) {
        this.refuse()
        throw e
      }
      if (answer instanceof Promise) this.refuse()
      else if (kind !== 'shared') return this.#keep({ run, args, isTold: kind === 'told', answer })
      return answer
    }
  }

  /** Returns the answer for the VM that asked. */
  #keep(call: Call): Crossing {
    const { args, answer } = call
    for (const value of [...args, answer]) this.#letters += sizeOf(value)
    if (this.#isRefused) return answer
    if (this.#letters > mostLetters || this.#calls.length >= mostCalls) {
      this.refuse()
      return answer
    }
    this.#calls.push(call)
    if (!(answer instanceof SharedBytes)) return answer
    return new SharedBytes(answer.byteLength, (at) => {
      call.answer = at
      answer.placed(at)
    })
  }
}

/** Bytes of their own cannot be compared, and no operation that is done again has them. */
function sizeOf(value: Crossing): number {
  if (typeof value === 'string') return value.length
  return typeof value === 'object' && value !== null && !(value instanceof SharedBytes) ? Number.POSITIVE_INFINITY : 0
}

function isSame({ run, args, answer }: Call, vu: VuContext): boolean {
  let given: Crossing | Promise<Crossing>
  try {
    given = run(vu, ...args)
  } catch {
    return false
  }
  if (given instanceof SharedBytes && typeof answer === 'number') {
    given.placed(answer)
    return true
  }
  if (given instanceof Promise) given.catch(() => {})
  return Object.is(given, answer)
}

/**
 * The thread that tries inputs. Before each try the input stands in a file, so that it is known even if the process dies of it.
 */
import { openSync, readFileSync, writeSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { Coverage } from './coverage.js'
import { Inputs } from './inputs.js'
import { shrink } from './shrink.js'
import type { FuzzTarget } from './target.js'
import { loadTarget } from './targets/index.js'

/** What the thread is told. */
export interface Task {
  readonly target: string
  readonly seed: number
  readonly seconds: number
  /** True to keep inputs that reach code which no other reached, which takes more time for each. */
  readonly isGuided: boolean
  /** Inputs to try first. With `seconds` 0 nothing else is tried. */
  readonly inputFiles: readonly string[]
  /** Where the input under way stands: four bytes of length, then the input. */
  readonly currentFile: string
  /** Counts beginnings and ends of tries: an odd number is a try under way. */
  readonly beat: Int32Array
}

export interface Finding {
  readonly title: string
  readonly stack: string
  readonly input: Uint8Array
}

export type Report =
  | { kind: 'finding'; finding: Finding }
  | { kind: 'done'; executions: number; answers: number; blocks: number; seconds: number }

const maxFindings = 10
/** Inputs between two looks at the coverage: one look takes as long as many of them. */
const guidedBatch = 32

async function main({ target: name, seed, seconds, isGuided, inputFiles, currentFile, beat }: Task): Promise<void> {
  const target = await loadTarget(name)
  const current = openSync(currentFile, 'w')
  const header = Buffer.alloc(4)
  let executions = 0
  const attempt = async (input: Uint8Array) => {
    header.writeUInt32LE(input.byteLength)
    writeSync(current, header, 0, 4, 0)
    writeSync(current, input, 0, input.byteLength, 4)
    executions++
    Atomics.add(beat, 0, 1)
    try {
      return await tryOne(target, input)
    } finally {
      Atomics.add(beat, 0, 1)
    }
  }
  const titles = new Set<string>()
  const report = (message: Report) => parentPort!.postMessage(message)
  const startMs = performance.now()
  const told = inputFiles.map((file) => new Uint8Array(readFileSync(file)))
  const inputs = new Inputs(target, seed, told)
  const coverage = isGuided ? await Coverage.start() : undefined
  let batch: Uint8Array[] = []
  const isOver = () => performance.now() - startMs >= seconds * 1000 || titles.size >= maxFindings
  for (let i = 0; seconds > 0 ? !isOver() : i < told.length; i++) {
    const input = seconds > 0 ? inputs.next() : told[i]!
    const result = await attempt(input)
    if (typeof result === 'string') {
      inputs.answered(input, result)
    } else if (!titles.has(result.title)) {
      titles.add(result.title)
      const small = await shrink(input, async (smaller) => {
        const again = await attempt(smaller)
        return typeof again !== 'string' && again.title === result.title
      })
      report({ kind: 'finding', finding: { ...result, input: small } })
    }
    if (coverage !== undefined && batch.push(input) >= guidedBatch) {
      for (const one of await reachingNew(coverage, batch, attempt)) inputs.keep(one)
      batch = []
    }
    // Messages, timers and the ends of what was begun.
    if (executions % 50 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  report({
    kind: 'done',
    executions,
    answers: inputs.answers,
    blocks: coverage?.blocks ?? 0,
    seconds: (performance.now() - startMs) / 1000,
  })
}

/** The inputs of a batch that reach new code: if there are any, each is tried once more, alone. */
async function reachingNew(
  coverage: Coverage,
  batch: readonly Uint8Array[],
  attempt: (input: Uint8Array) => Promise<unknown>,
): Promise<Uint8Array[]> {
  const fresh = await coverage.fresh()
  const found: Uint8Array[] = []
  for (const input of batch) {
    if (fresh.size === 0) break
    await attempt(input)
    const own = [...(await coverage.ran())].filter((block) => fresh.delete(block))
    if (own.length > 0) found.push(input)
  }
  return found
}

/** The answer, or what was found. */
async function tryOne(target: FuzzTarget, input: Uint8Array): Promise<string | Omit<Finding, 'input'>> {
  try {
    return await target.run(input)
  } catch (e) {
    const { name, message, stack } = e instanceof Error ? e : new Error(`thrown: ${String(e)}`)
    // The place tells findings apart whose messages quote the input.
    const place = /\n\s+at (.*)/.exec(stack ?? '')?.[1] ?? ''
    const words = `${name}: ${message}`.split('\n')[0]!.slice(0, 200).replace(/\d+/g, '0')
    return { title: `${words} (${place})`, stack: stack ?? message }
  }
}

await main(workerData as Task)

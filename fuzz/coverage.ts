/** Which blocks of the program have run, as V8 counts them for this thread: an input that reaches new ones is worth keeping. */
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { packageRoot } from '../package-root.js'

const build = `${pathToFileURL(join(packageRoot, 'build')).href}/`
/** Nobody fuzzes the fuzzing. */
const others = [`${build}fuzz/`, `${build}test/`]

export class Coverage {
  readonly #session: Session
  readonly #blocks = new Set<string>()

  private constructor(session: Session) {
    this.#session = session
  }

  static async start(): Promise<Coverage> {
    const session = new Session()
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
    return new Coverage(session)
  }

  /** Blocks that ran at least once. */
  get blocks(): number {
    return this.#blocks.size
  }

  /** Blocks that have run since the last look, and never before it. */
  async fresh(): Promise<Set<string>> {
    const ran = await this.ran()
    const fresh = new Set([...ran].filter((block) => !this.#blocks.has(block)))
    for (const block of fresh) this.#blocks.add(block)
    return fresh
  }

  /** Blocks that have run since the last look. */
  async ran(): Promise<Set<string>> {
    const ran = new Set<string>()
    const { result } = await this.#session.post('Profiler.takePreciseCoverage')
    for (const { url, scriptId, functions } of result) {
      if (!url.startsWith(build) || others.some((folder) => url.startsWith(folder))) continue
      for (const { ranges } of functions) {
        for (const { count, startOffset, endOffset } of ranges) {
          if (count > 0) ran.add(`${scriptId}:${startOffset}:${endOffset}`)
        }
      }
    }
    return ran
  }
}

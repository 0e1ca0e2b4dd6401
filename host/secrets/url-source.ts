/** The secret source `url`: one HTTP request for each secret, spread over time and made again when that may help. */
import { RateLimit } from './rate-limit.js'
import { SecretError, type SecretSource } from './secret-source.js'
import type { UrlSettings } from './url-settings.js'

/** Bytes of an answer; secrets are small. */
const mostAnswerBytes = 1024 * 1024
const longestBackoffMs = 60_000

/** Time and chance, for tests to hold still. */
export interface UrlSourceClock {
  now(): number
  wait(ms: number): Promise<void>
  /** From 0 to 1. */
  random(): number
}

const systemClock: UrlSourceClock = {
  now: () => performance.now(),
  // The end of a run does not wait for it.
  wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
  random: Math.random,
}

/** An answer that another try may better. */
class PassingError extends SecretError {}

export class UrlSource implements SecretSource {
  readonly #settings: UrlSettings
  readonly #clock: UrlSourceClock
  readonly #limit: RateLimit
  readonly #end = new AbortController()

  constructor(settings: UrlSettings, clock: UrlSourceClock = systemClock) {
    this.#settings = settings
    this.#clock = clock
    this.#limit = new RateLimit(settings.requestsPerMinuteLimit, settings.requestsBurst, clock.now)
  }

  close(): void {
    this.#end.abort()
  }

  async get(key: string): Promise<string> {
    const { maxRetries } = this.#settings
    for (let attempt = 0; ; attempt++) {
      const waitMs = this.#limit.take()
      if (waitMs > 0) await this.#clock.wait(waitMs)
      try {
        return this.#secretIn(await this.#request(key))
      } catch (e) {
        if (!(e instanceof PassingError) || attempt >= maxRetries || this.#end.signal.aborted) throw e
        await this.#clock.wait(this.#backoffMs(attempt + 1))
      }
    }
  }

  /** k6's documentation: the base to the power of the attempt, in seconds, and up to a second by chance. */
  #backoffMs(attempt: number): number {
    const seconds = (this.#settings.retryBackoffMs / 1000) ** attempt + this.#clock.random()
    return Math.min(seconds * 1000, longestBackoffMs)
  }

  async #request(key: string): Promise<string> {
    const { method, headers, timeoutMs } = this.#settings
    let response: Response
    try {
      response = await fetch(this.#urlOf(key), {
        method,
        headers: [...headers],
        signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), this.#end.signal]),
      })
      if (response.ok) return await limitedText(response)
      await response.body?.cancel()
    } catch (e) {
      if (e instanceof SecretError) throw e
      // What Node.js says has addresses in it, which are not for scripts.
      const isTimeout = e instanceof Error && e.name === 'TimeoutError'
      throw new PassingError(isTimeout ? `no answer within ${timeoutMs} ms` : 'the request for the secret failed')
    }
    const { status } = response
    const problem = `the request for the secret was answered with status code ${status}`
    throw status >= 500 || status === 429 ? new PassingError(problem) : new SecretError(problem)
  }

  /** The key comes from a script: it stays one segment, or one value, of the operator's URL. */
  #urlOf(key: string): string {
    if (key === '.' || key === '..') throw new SecretError('no value')
    try {
      return this.#settings.urlTemplate.replaceAll('{key}', () => encodeURIComponent(key))
    } catch {
      throw new SecretError('no value')
    }
  }

  #secretIn(answer: string): string {
    const { responsePath } = this.#settings
    if (responsePath === '') return answer
    let found: unknown
    try {
      found = JSON.parse(answer)
    } catch {
      throw new SecretError('the answer to the request for the secret is not JSON')
    }
    for (const name of responsePath.split('.')) {
      found =
        typeof found === 'object' && found !== null && Object.hasOwn(found, name) ? (found as never)[name] : undefined
    }
    if (typeof found === 'string') return found
    if (typeof found === 'number' || typeof found === 'boolean') return String(found)
    throw new SecretError(`the answer to the request for the secret has no text at "${responsePath}"`)
  }
}

async function limitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length
    if (size > mostAnswerBytes)
      throw new SecretError(`the answer to the request for the secret is larger than ${mostAnswerBytes} bytes`)
    chunks.push(chunk as Uint8Array)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Where the threads' requests for secrets arrive: the sources of the run, and who is told of what they gave. */
import { SecretError } from '../host/secrets/secret-source.js'
import { SecretSources } from '../host/secrets/secret-sources.js'
import type { SecretAnswer } from './thread-protocol.js'

export interface SecretSettings {
  /** Values of --secret-source. */
  readonly specs: readonly string[]
  /** That of the command, which may hold settings of sources. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The text of a file that a source names. */
  readonly readFile: (path: string) => string
}

const noSecrets: SecretSettings = { specs: [], environment: {}, readFile: () => '' }

export interface SecretRequest {
  readonly request: number
  /** The default one without a name. */
  readonly source: string | undefined
  readonly key: string
}

/** Who answers the requests of threads. Never rejects: why there is no secret is an answer, too. */
export interface SecretAnswerer {
  answer(request: SecretRequest): Promise<SecretAnswer>
  close(): void
}

export class SecretDesk implements SecretAnswerer {
  readonly #sources: SecretSources

  /**
   * @param onSecret told of each secret before a thread gets it
   * @throws {AppError} USAGE for a source that is wrong
   */
  constructor({ specs, ...surroundings }: SecretSettings = noSecrets, onSecret: (secret: string) => void) {
    this.#sources = SecretSources.open(specs, surroundings, onSecret)
  }

  async answer({ request, source, key }: SecretRequest): Promise<SecretAnswer> {
    try {
      return { request, secret: await this.#sources.get(source, key) }
    } catch (e) {
      return { request, problem: e instanceof SecretError ? e.message : 'the source of secrets failed' }
    }
  }

  close(): void {
    this.#sources.close()
  }
}

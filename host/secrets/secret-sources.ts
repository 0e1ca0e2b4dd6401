/** All sources of a run by name. Remembers what was handed out, so that a secret is asked for once. */
import { openFileSource, openMockSource } from './listed-source.js'
import { SecretError, type SecretSource, type SourceSurroundings } from './secret-source.js'
import { parseSourceSpec, type SourceSpec, sourceError } from './source-spec.js'
import { readUrlSettings } from './url-settings.js'
import { UrlSource } from './url-source.js'

const defaultName = 'default'
/** Each is looked for in every line of the log. */
const mostSecrets = 10_000

export class SecretSources {
  readonly #sources: ReadonlyMap<string, SecretSource>
  readonly #onSecret: (secret: string) => void
  readonly #asked = new Map<SecretSource, Map<string, Promise<string>>>()
  #count = 0

  private constructor(sources: ReadonlyMap<string, SecretSource>, onSecret: (secret: string) => void) {
    this.#sources = sources
    this.#onSecret = onSecret
  }

  /**
   * @param specs values of --secret-source
   * @param onSecret told of each secret before a script gets it
   * @throws {AppError} USAGE, with no part of a secret in it
   */
  static open(
    specs: readonly string[],
    surroundings: SourceSurroundings,
    onSecret: (secret: string) => void,
  ): SecretSources {
    const sources = new Map<string, SecretSource>()
    const add = (name: string, source: SecretSource, index: number) => {
      if (sources.has(name)) throw sourceError(index, `there is another one with the name "${name}"`)
      sources.set(name, source)
    }
    for (const [index, text] of specs.entries()) {
      const spec = parseSourceSpec(text, index)
      const source = openSource(spec, index, surroundings)
      if (spec.isDefault) add(defaultName, source, index)
      if (spec.name !== undefined && spec.name !== defaultName) add(spec.name, source, index)
      else if (!spec.isDefault) add(spec.name ?? spec.type, source, index)
    }
    // The only source is the default one.
    if (specs.length === 1 && !sources.has(defaultName)) sources.set(defaultName, [...sources.values()][0]!)
    return new SecretSources(sources, onSecret)
  }

  /**
   * @param name of the source; undefined for the default one
   * @throws {SecretError} with k6's text where k6 has one
   */
  async get(name: string | undefined, key: string): Promise<string> {
    if (this.#sources.size === 0) throw new SecretError('no secret sources are configured')
    const source = this.#sources.get(name ?? defaultName)
    if (source === undefined) {
      throw new SecretError(`no secret source with name ${JSON.stringify(name ?? defaultName)} is configured`)
    }
    const asked = this.#asked.get(source) ?? new Map<string, Promise<string>>()
    this.#asked.set(source, asked)
    let found = asked.get(key)
    if (found === undefined) {
      if (this.#count >= mostSecrets) throw new SecretError(`a test may ask for ${mostSecrets} secrets`)
      this.#count += 1
      found = source.get(key)
      asked.set(key, found)
      found.catch(() => {
        // It may be there the next time.
        asked.delete(key)
        this.#count -= 1
      })
    }
    const secret = await found
    this.#onSecret(secret)
    return secret
  }

  /** Ends what is under way: the run is over. */
  close(): void {
    for (const source of this.#sources.values()) source.close?.()
  }
}

function openSource(spec: SourceSpec, index: number, surroundings: SourceSurroundings): SecretSource {
  switch (spec.type) {
    case 'mock':
      return openMockSource(spec, index)
    case 'file':
      return openFileSource(spec, index, surroundings)
    case 'url':
      return new UrlSource(readUrlSettings(spec, index, surroundings))
  }
  throw sourceError(index, 'its type is not one of mock, file and url')
}

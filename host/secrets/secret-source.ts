/** Where secrets come from. Sources belong to the run: they live in the main thread, and no thread of scripts sees their settings. */

/** Why a script does not get a secret; its text is what the script's promise is rejected with. */
export class SecretError extends Error {}

export interface SecretSource {
  /** @throws {SecretError} */
  get(key: string): Promise<string>
  /** Ends what is under way: the run is over. */
  close?(): void
}

/** What opening a source may look at. */
export interface SourceSurroundings {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** The text of a file that the operator named. Throws when it cannot be read. */
  readFile(path: string): string
}

/** The files that a VU opened as objects, by number. The bytes are those of the file store: nothing is copied. */
import { GuestError } from '../runtime/guest-error.js'

export interface OpenFile {
  readonly path: string
  readonly bytes: Uint8Array
}

export class OpenFiles {
  readonly #files: OpenFile[] = []
  readonly #numbers = new Map<string, number>()

  /** A file that is opened twice has one number: what it is about is the same, and positions are the script's. */
  add(path: string, bytes: Uint8Array): number {
    let found = this.#numbers.get(path)
    if (found === undefined) {
      found = this.#files.push({ path, bytes }) - 1
      this.#numbers.set(path, found)
    }
    return found
  }

  /** @throws {GuestError} for a number that stands for none */
  get(number: number): OpenFile {
    const file = this.#files[number]
    if (file === undefined) throw new GuestError('TypeError', 'no such file')
    return file
  }
}

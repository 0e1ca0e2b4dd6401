/** Secrets that scripts of this thread wait for. The sources are in the main thread. */
import type { SecretAnswer, ThreadMessage } from './thread-protocol.js'

interface Waiting {
  resolve(secret: string): void
  reject(problem: Error): void
}

export class SecretRequests {
  readonly #send: (message: ThreadMessage) => void
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  constructor(send: (message: ThreadMessage) => void) {
    this.#send = send
  }

  /** Rejects with a text for the script. */
  ask(source: string | undefined, key: string): Promise<string> {
    this.#last += 1
    const request = this.#last
    return new Promise((resolve, reject) => {
      this.#waiting.set(request, { resolve, reject })
      this.#send({ kind: 'secretWanted', request, source, key })
    })
  }

  answer({ request, secret, problem }: SecretAnswer): void {
    const waiting = this.#waiting.get(request)
    this.#waiting.delete(request)
    if (secret === undefined) waiting?.reject(new Error(problem))
    else waiting?.resolve(secret)
  }
}

/** What WebCrypto keeps for one VU: its keys, by the numbers that the guest knows them by, and how much work waits. */
import type { webcrypto } from 'node:crypto'
import { Handles } from '../handles.js'
import { WebCryptoError } from './webcrypto-error.js'

const mostKeys = 4000
const mostWaiting = 10_000

export class WebCryptoVu {
  readonly keys = new Handles<webcrypto.CryptoKey>('keys', mostKeys)
  #waiting = 0
  #waitingBytes = 0

  /**
   * Makes room for an operation on that many bytes; the function returned gives it back.
   *
   * @throws {WebCryptoError} OperationError when too much waits already
   */
  begin(bytes: number, mostBytes: number): () => void {
    if (this.#waiting >= mostWaiting) {
      throw new WebCryptoError('OperationError', `a VU may have ${mostWaiting} operations under way`)
    }
    if (this.#waitingBytes + bytes > mostBytes) {
      throw new WebCryptoError(
        'OperationError',
        `the operations under way may take ${mostBytes} bytes (limit memoryBytes)`,
      )
    }
    this.#waiting += 1
    this.#waitingBytes += bytes
    return () => {
      this.#waiting -= 1
      this.#waitingBytes -= bytes
    }
  }
}

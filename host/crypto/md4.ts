/** MD4 (RFC 1320), which OpenSSL 3 keeps out of its default provider. For old protocols only: it protects nothing. */

const blockBytes = 64

/** A running MD4, with the methods of node:crypto's hashes that this folder uses. */
export class Md4 {
  #state = new Uint32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476])
  readonly #block = new Uint8Array(blockBytes)
  readonly #words = new DataView(this.#block.buffer)
  #filled = 0
  #totalBytes = 0

  update(data: Uint8Array): this {
    this.#totalBytes += data.length
    for (let at = 0; at < data.length; ) {
      const part = data.subarray(at, at + blockBytes - this.#filled)
      this.#block.set(part, this.#filled)
      this.#filled += part.length
      at += part.length
      if (this.#filled === blockBytes) this.#takeBlock()
    }
    return this
  }

  copy(): Md4 {
    const copy = new Md4()
    copy.#state = this.#state.slice()
    copy.#block.set(this.#block)
    copy.#filled = this.#filled
    copy.#totalBytes = this.#totalBytes
    return copy
  }

  /** Ends the hash; it takes no more. */
  digest(): Buffer {
    const bits = BigInt(this.#totalBytes) * 8n
    // RFC 1320, sections 3.1 and 3.2: one bit, zeros up to the last eight bytes of a block, the length.
    const zeros = (blockBytes * 2 - 9 - this.#filled) % blockBytes
    this.update(new Uint8Array([0x80])).update(new Uint8Array(zeros))
    const length = new Uint8Array(8)
    new DataView(length.buffer).setBigUint64(0, bits, true)
    this.update(length)
    const digest = Buffer.alloc(16)
    this.#state.forEach((word, i) => {
      digest.writeUInt32LE(word, i * 4)
    })
    return digest
  }

  /** Section 3.4. */
  #takeBlock(): void {
    const word = (index: number) => this.#words.getUint32(index * 4, true)
    const state = [...this.#state] as [number, number, number, number]
    for (const { order, shifts, constant, mix } of rounds) {
      order.forEach((index, step) => {
        const [a, b, c, d] = state
        const sum = (a + mix(b, c, d) + word(index) + constant) | 0
        const shift = shifts[step & 3]!
        const turned = (sum << shift) | (sum >>> (32 - shift))
        state[0] = d
        state[3] = c
        state[2] = b
        state[1] = turned
      })
    }
    state.forEach((value, i) => {
      this.#state[i] = this.#state[i]! + value
    })
    this.#filled = 0
  }
}

interface Round {
  order: readonly number[]
  shifts: readonly number[]
  constant: number
  mix(x: number, y: number, z: number): number
}

const rounds: readonly Round[] = [
  {
    order: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
    shifts: [3, 7, 11, 19],
    constant: 0,
    mix: (x, y, z) => (x & y) | (~x & z),
  },
  {
    order: [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
    shifts: [3, 5, 9, 13],
    constant: 0x5a827999,
    mix: (x, y, z) => (x & y) | (x & z) | (y & z),
  },
  {
    order: [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
    shifts: [3, 9, 11, 15],
    constant: 0x6ed9eba1,
    mix: (x, y, z) => x ^ y ^ z,
  },
]

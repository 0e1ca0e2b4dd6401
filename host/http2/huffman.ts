/** The Huffman code of HPACK (RFC 7541, section 5.2 and appendix B). */
import { ErrorCode, Http2Error } from './http2-error.js'

/**
 * The bits of each symbol's code. The code is canonical, shorter before longer and then by the number of the symbol, so the
 * lengths of appendix B say all of it. The last one is EOS.
 */
const codeBits = [
  ...[13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28],
  ...[
    28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6,
  ],
  ...[12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15],
  ...[5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20],
  ...[22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24],
  ...[22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22],
  ...[23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24],
  ...[21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26],
  ...[27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30],
]
const endOfString = 256

/** What the decoder does with four bits: the next state, what it emits, and whether the string may end there. */
const emits = 1 << 16
const mayEnd = 1 << 17
const fails = 1 << 18

interface Tables {
  lengths: Uint8Array
  codes: Uint32Array
  /** By state and the next four bits: the next state above eight bits of a symbol, and the flags. */
  steps: Uint32Array
}
let tables: Tables | undefined

/** Made when they are first needed, as many runs need none. */
function makeTables(): Tables {
  const lengths = Uint8Array.from(codeBits)
  const codes = new Uint32Array(257)
  let code = 0
  let bits = 0
  const inOrder = [...lengths.keys()].sort((a, b) => lengths[a]! - lengths[b]! || a - b)
  for (const symbol of inOrder) {
    code <<= lengths[symbol]! - bits
    bits = lengths[symbol]!
    codes[symbol] = code++
  }
  return { lengths, codes, steps: makeSteps(lengths, codes) }
}

function makeSteps(lengths: Uint8Array, codes: Uint32Array): Uint32Array {
  // A tree of two branches: children as the number of a node, or of a symbol as -1 - symbol. Node 0 is the root.
  const children: number[] = [0, 0]
  // Bits so far of each node if they are all ones, and else -1: what may stand at the end of a string.
  const padding: number[] = [0]
  for (let symbol = 0; symbol <= endOfString; symbol++) {
    let node = 0
    for (let bit = lengths[symbol]! - 1; bit >= 0; bit--) {
      const branch = (codes[symbol]! >>> bit) & 1
      if (bit === 0) children[2 * node + branch] = -1 - symbol
      else {
        if (children[2 * node + branch] === 0) {
          children[2 * node + branch] = padding.length
          padding.push(branch === 1 && padding[node]! >= 0 ? padding[node]! + 1 : -1)
          children.push(0, 0)
        }
        node = children[2 * node + branch]!
      }
    }
  }
  const steps = new Uint32Array(padding.length * 16)
  for (let state = 0; state < padding.length; state++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      let node = state
      let step = 0
      for (let bit = 3; bit >= 0; bit--) {
        const next = children[2 * node + ((nibble >>> bit) & 1)]!
        if (next >= 0) node = next
        else {
          // Four bits end one symbol at most, as none has less than five.
          node = 0
          step |= next === -1 - endOfString ? fails : emits | (-1 - next)
        }
      }
      // Not more than seven bits, all of them ones.
      if (padding[node]! >= 0 && padding[node]! <= 7) step |= mayEnd
      steps[state * 16 + nibble] = step | (node << 8)
    }
  }
  return steps
}

/** Grows with the longest string so far that was decoded. */
let scratch = Buffer.allocUnsafeSlow(512)
const maxScratchBytes = 65_536

/**
 * The string, Latin-1, in `bytes` from `start` to `end`.
 *
 * @throws {Http2Error} COMPRESSION_ERROR for EOS, and for a wrong end
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  tables ??= makeTables()
  const { steps } = tables
  // No code has less than five bits.
  const most = Math.ceil(((end - start) * 8) / 5)
  if (scratch.length < most && most <= maxScratchBytes)
    scratch = Buffer.allocUnsafeSlow(2 ** Math.ceil(Math.log2(most)))
  const out = most <= scratch.length ? scratch : Buffer.allocUnsafeSlow(most)
  let length = 0
  let state = 0
  let step = mayEnd
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    step = steps[(state << 4) | (byte >>> 4)]!
    if ((step & (emits | fails)) !== 0) {
      if ((step & fails) !== 0) throw wrong('a string has the end-of-string symbol')
      out[length++] = step
    }
    step = steps[(((step >>> 8) & 0xff) << 4) | (byte & 15)]!
    if ((step & (emits | fails)) !== 0) {
      if ((step & fails) !== 0) throw wrong('a string has the end-of-string symbol')
      out[length++] = step
    }
    state = (step >>> 8) & 0xff
  }
  if ((step & mayEnd) === 0) throw wrong('a string does not end with the beginning of the end-of-string symbol')
  return out.toString('latin1', 0, length)
}

function wrong(what: string): Http2Error {
  return new Http2Error(ErrorCode.compressionError, `HPACK: ${what}`)
}

/**
 * Bytes that a Latin-1 string has in this code.
 *
 * @throws {RangeError} for other characters
 */
export function huffmanBytes(text: string): number {
  tables ??= makeTables()
  const { lengths } = tables
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i)
    if (symbol > 255) throw new RangeError('a header field has a character that is not Latin-1')
    bits += lengths[symbol]!
  }
  return (bits + 7) >>> 3
}

/** Writes a string that `huffmanBytes` has measured. Returns where it ends. */
export function writeHuffman(text: string, out: Uint8Array, start: number): number {
  tables ??= makeTables()
  const { lengths, codes } = tables
  let at = start
  // Less than eight bits wait between symbols, so with 24 more they are 31.
  let waiting = 0
  let bits = 0
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i)
    const code = codes[symbol]!
    let length = lengths[symbol]!
    if (length > 24) {
      length -= 16
      waiting = (waiting << length) | (code >>> 16)
      for (bits += length; bits >= 8; out[at++] = waiting >>> bits) bits -= 8
      waiting &= 0xff
      length = 16
      waiting = (waiting << 16) | (code & 0xffff)
    } else waiting = (waiting << length) | code
    for (bits += length; bits >= 8; out[at++] = waiting >>> bits) bits -= 8
    waiting &= 0xff
  }
  if (bits > 0) out[at++] = (waiting << (8 - bits)) | (0xff >>> bits)
  return at
}

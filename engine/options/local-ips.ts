/**
 * The option `localIPs`: the addresses that VUs dial from, one after the other. Ranges stay ranges, so that a large network
 * costs no more than a small one. Whether this machine has the addresses shows when they are used.
 */
import { GoSyntaxError } from '../../go/number.js'
import { formatIp } from '../../policy/ip-address.js'
import { addressNumber, isIP, isIPv4, parseCidr } from './ip-syntax.js'

/** Addresses that follow each other. */
interface Block {
  readonly family: 4 | 6
  readonly first: bigint
  readonly count: bigint
}

/** Reads a list of addresses, ranges (`a-b`) and networks. @throws {GoSyntaxError} with k6's text */
function parseBlocks(text: string): Block[] {
  return text.split(',').map((block) => {
    if (block.includes('-')) return rangeBlock(block)
    if (block.includes('/')) return networkBlock(block)
    if (!isIP(block)) throw new GoSyntaxError(`${block} is not a valid IP, IP range or CIDR`)
    return { family: familyOf(block), first: addressNumber(block), count: 1n }
  })
}

function rangeBlock(block: string): Block {
  const dash = block.indexOf('-')
  const [first, last] = [block.slice(0, dash), block.slice(dash + 1)]
  if (!isIP(first) || !isIP(last)) throw new GoSyntaxError(`wrong IP range format: ${block}`)
  if (isIPv4(first) !== isIPv4(last)) throw new GoSyntaxError(`mixed IP range format: ${block}`)
  const count = addressNumber(last) - addressNumber(first) + 1n
  if (count < 1n) throw new GoSyntaxError(`negative IP range: ${block}`)
  return { family: familyOf(first), first: addressNumber(first), count }
}

function networkBlock(block: string): Block {
  let network: string
  try {
    network = parseCidr(block)
  } catch (e) {
    throw new GoSyntaxError(`parseCIDR() failed parsing ${block}: ${(e as Error).message}`)
  }
  const [address = '', bits] = network.split('/')
  const family = familyOf(address)
  const first = addressNumber(address)
  const count = 1n << BigInt((family === 4 ? 32 : 128) - Number(bits))
  // The first and the last address of an IPv4 network name the network itself and all of its members.
  return family === 4 && count > 2n ? { family, first: first + 1n, count: count - 2n } : { family, first, count }
}

function familyOf(address: string): 4 | 6 {
  return isIPv4(address) ? 4 : 6
}

/** The text itself, once it is known to be a list of addresses, ranges and networks. @throws {GoSyntaxError} */
export function checkLocalIPs(text: string): string {
  parseBlocks(text)
  return text
}

/** Gives out the addresses in turn, from the first again after the last. */
export class LocalIpPool {
  readonly #blocks: readonly Block[]
  readonly #count: bigint

  /** @throws {GoSyntaxError} */
  constructor(text: string) {
    this.#blocks = parseBlocks(text)
    this.#count = this.#blocks.reduce((sum, { count }) => sum + count, 0n)
  }

  /** The address of VU 1, 2, 3 …; setup and teardown, which are VU 0, have that of the first. */
  addressOf(vu: number): string {
    let index = BigInt(Math.max(vu - 1, 0)) % this.#count
    for (const { family, first, count } of this.#blocks) {
      if (index < count) return formatIp(family, first + index)
      index -= count
    }
    throw new Error('an index below the sum of all counts is in one of the blocks')
  }
}

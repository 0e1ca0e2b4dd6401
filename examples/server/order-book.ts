/** The orders that the example shop remembers, and the rules for a new one. Knows nothing of gRPC, nor who may do what. */

export interface OrderItem {
  product: string
  quantity: number
  unit_price_cents: number
}

/** What somebody wants; not checked yet. */
export interface NewOrder {
  items: OrderItem[]
  note: string
}

/** The way of an order, from first to last. */
export const orderSteps = [
  'ORDER_STATUS_RECEIVED',
  'ORDER_STATUS_PACKED',
  'ORDER_STATUS_SHIPPED',
  'ORDER_STATUS_DELIVERED',
] as const
export type OrderStatus = (typeof orderSteps)[number]

export interface Order extends NewOrder {
  id: string
  owner: string
  total_cents: number
  status: OrderStatus
  createdAtMs: number
}

export interface InvalidField {
  /** Its path, such as `items[2].quantity`. */
  field: string
  problem: string
}

const itemsMax = 100
const quantityMax = 1000
const unitPriceMaxCents = 100_000_000
const productMaxLength = 200
const noteMaxLength = 1000
/** Of each owner. A load test may order without end; the oldest order makes room. */
const ordersMax = 1000

/** The first thing that is wrong with an order, or undefined. */
export function problemOf(order: NewOrder): InvalidField | undefined {
  if (order.items.length === 0) return { field: 'items', problem: 'an order needs an item' }
  if (order.items.length > itemsMax) return { field: 'items', problem: `more than ${itemsMax} items` }
  if (order.note.length > noteMaxLength) return { field: 'note', problem: `longer than ${noteMaxLength} characters` }
  for (const [index, item] of order.items.entries()) {
    const at = `items[${index}]`
    if (item.product === '') return { field: `${at}.product`, problem: 'empty' }
    if (item.product.length > productMaxLength) {
      return { field: `${at}.product`, problem: `longer than ${productMaxLength} characters` }
    }
    if (item.quantity < 1 || item.quantity > quantityMax) {
      return { field: `${at}.quantity`, problem: `${item.quantity} is not from 1 to ${quantityMax}` }
    }
    if (item.unit_price_cents < 0 || item.unit_price_cents > unitPriceMaxCents) {
      return {
        field: `${at}.unit_price_cents`,
        problem: `${item.unit_price_cents} is not from 0 to ${unitPriceMaxCents}`,
      }
    }
  }
  return undefined
}

/** All orders, by owner. */
export class OrderBook {
  readonly #byOwner = new Map<string, Map<string, Order>>()
  readonly #nowMs: () => number
  #lastNumber = 0

  constructor(nowMs: () => number = Date.now) {
    this.#nowMs = nowMs
  }

  /** Enters an order that has no problem. */
  add(owner: string, order: NewOrder): Order {
    let own = this.#byOwner.get(owner)
    if (own === undefined) {
      own = new Map()
      this.#byOwner.set(owner, own)
    }
    if (own.size >= ordersMax) {
      for (const oldest of own.keys()) {
        own.delete(oldest)
        break
      }
    }
    const added: Order = {
      id: `order-${++this.#lastNumber}`,
      owner,
      items: order.items,
      note: order.note,
      total_cents: order.items.reduce((sum, item) => sum + item.quantity * item.unit_price_cents, 0),
      status: orderSteps[0],
      createdAtMs: this.#nowMs(),
    }
    own.set(added.id, added)
    return added
  }

  find(id: string): Order | undefined {
    for (const own of this.#byOwner.values()) {
      const found = own.get(id)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Up to `limit` orders of an owner, oldest first. */
  listOf(owner: string, limit: number): Order[] {
    return [...(this.#byOwner.get(owner)?.values() ?? [])].slice(0, limit)
  }
}

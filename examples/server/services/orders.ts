/** shop.OrderService: orders for those who have a token. What an order is stands in ../order-book.ts. */
import { status, type UntypedServiceImplementation } from '@grpc/grpc-js'
import { bidiStreaming, clientStreaming, serverStreaming, unary } from '../handlers.js'
import { type InvalidField, type NewOrder, type Order, type OrderBook, orderSteps, problemOf } from '../order-book.js'
import { timestampOf } from '../schema.js'
import type { Role, Sessions, User } from '../sessions.js'
import { StatusError } from '../status-error.js'
import { callerOf } from './auth.js'

const refusalsMax = 100

function messageOf({ createdAtMs, ...order }: Order): object {
  return { ...order, created_at: timestampOf(createdAtMs) }
}

function denied(user: User, what: string, neededRole: Role | ''): StatusError {
  return new StatusError(status.PERMISSION_DENIED, `${user.name} may not ${what}`, [
    { type: 'shop.AccessDenied', value: { user: user.name, needed_role: neededRole } },
  ])
}

function ownOrder(orders: OrderBook, user: User, id: string): Order {
  const order = orders.find(id)
  if (order === undefined) {
    throw new StatusError(status.NOT_FOUND, `there is no order "${id}"`, [
      { type: 'shop.OrderNotFound', value: { order_id: id } },
    ])
  }
  if (order.owner !== user.name) throw denied(user, `see order "${id}"`, '')
  return order
}

/** The methods of shop.OrderService. */
export function orderService(sessions: Sessions, orders: OrderBook): UntypedServiceImplementation {
  return {
    CreateOrder: unary((order: NewOrder, metadata) => {
      const user = callerOf(metadata, sessions)
      const problem = problemOf(order)
      if (problem !== undefined) {
        throw new StatusError(status.INVALID_ARGUMENT, `${problem.field}: ${problem.problem}`, [
          { type: 'shop.InvalidField', value: problem },
        ])
      }
      return messageOf(orders.add(user.name, order))
    }),

    GetOrder: unary(({ id }: { id: string }, metadata) =>
      messageOf(ownOrder(orders, callerOf(metadata, sessions), id)),
    ),

    ListOrders: serverStreaming(({ limit }: { limit: number }, metadata) => {
      const user = callerOf(metadata, sessions)
      return orders.listOf(user.name, limit > 0 ? limit : Number.POSITIVE_INFINITY).map(messageOf)
    }),

    TrackOrders: bidiStreaming(async (requests: AsyncIterable<{ order_id: string }>, send, metadata) => {
      const user = callerOf(metadata, sessions)
      for await (const { order_id } of requests) {
        const order = ownOrder(orders, user, order_id)
        for (const step of orderSteps.slice(orderSteps.indexOf(order.status))) {
          order.status = step
          await send({ order_id, status: step, is_final: step === orderSteps.at(-1) })
        }
      }
    }),

    ImportOrders: clientStreaming(async (requests: AsyncIterable<NewOrder>, metadata) => {
      const user = callerOf(metadata, sessions)
      if (user.role !== 'clerk') throw denied(user, 'import orders', 'clerk')
      const refusals: { index: number; reason: InvalidField }[] = []
      let accepted = 0
      let refused = 0
      for await (const order of requests) {
        const reason = problemOf(order)
        if (reason === undefined) {
          orders.add(user.name, order)
          accepted++
          continue
        }
        if (refusals.length < refusalsMax) refusals.push({ index: accepted + refused, reason })
        refused++
      }
      return { accepted, refused, refusals }
    }),
  }
}

/** Trusted half of the global `crypto`. */
import { requirePackage } from '../../package-root.js'
import { guestErrorOf } from '../../runtime/guest-error.js'
import { defineHostModule, number, text } from '../../runtime/host-module.js'
import type { Crossing } from '../../runtime/js-value.js'
import type { VuContext } from '../vu-context.js'
import type { OperationResult } from './operations.js'
import { readRequest, type WebCryptoRequest } from './request.js'
import { shownError, WebCryptoError } from './webcrypto-error.js'
import { WorkLane } from './work-lane.js'

/** W3C, getRandomValues: more than so many bytes at once are refused. */
const mostRandomBytes = 65_536

const nodeCrypto = () => requirePackage('node:crypto') as typeof import('node:crypto')

/** For all VUs of this thread. */
const lane = new WorkLane(2)

function algorithmName(request: WebCryptoRequest): string {
  const { algorithm, format } = request as { algorithm?: { name?: unknown }; format?: unknown }
  return String(algorithm?.name ?? format ?? 'this algorithm').slice(0, 100)
}

/** Name and message as JSON, for the guest half to make an error of. */
function errorPayload(vu: VuContext, e: unknown, operation: string, request: WebCryptoRequest): string {
  const guestError = guestErrorOf(e)
  if (guestError !== undefined) return JSON.stringify([guestError.guestName, guestError.message])
  const shown = shownError(e, operation, algorithmName(request))
  if (shown !== undefined) return JSON.stringify([shown.guestName, shown.message])
  vu.services.onInternalError(e)
  return JSON.stringify(['OperationError', `${operation}: an internal error of belljar; the log has more`])
}

export const webCrypto = defineHostModule<VuContext>('webcrypto', {
  random(_vu, size) {
    const count = number(size, 'size')
    // The guest half has the error that W3C wants; who comes here was not sent by it.
    return nodeCrypto().randomBytes(Math.min(Math.max(0, Math.trunc(count)), mostRandomBytes))
  },

  uuid: () => nodeCrypto().randomUUID(),

  /** Begins an operation of SubtleCrypto; its result comes as the result of `task`. */
  start(vu, task, name, json, blob) {
    const id = number(task, 'task')
    const operation = text(name, 'operation')
    const request = readRequest(json, blob)
    let isWanted = true
    const post = (kind: 'value' | 'error', payload: Crossing) => vu.tasks.post(id, kind, payload, true)
    vu.tasks.begin(id, () => {
      isWanted = false
    })
    const perform = async (): Promise<OperationResult> => {
      const { operations } = await import('./operations.js')
      const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined
      if (run === undefined) throw new WebCryptoError('NotSupportedError', `there is no operation "${operation}"`)
      return run(vu.webCrypto.keys, request)
    }
    try {
      const end = vu.webCrypto.begin(blob instanceof Uint8Array ? blob.length : 0, vu.services.limits.memoryBytes)
      lane
        .run(perform, () => isWanted)
        .then(
          (result) => post('value', result),
          (e: unknown) => post('error', errorPayload(vu, e, operation, request)),
        )
        .finally(end)
    } catch (e) {
      post('error', errorPayload(vu, e, operation, request))
    }
    return undefined
  },

  /** The guest has lost sight of a key. */
  free(vu, id) {
    vu.webCrypto.keys.delete(id)
    return undefined
  },
})

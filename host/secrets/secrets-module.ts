/** Trusted half of `k6/secrets`: asks the main thread, where the sources are. */
import { GuestError } from '../../runtime/guest-error.js'
import { defineHostModule, number, text } from '../../runtime/host-module.js'
import type { VuContext } from '../vu-context.js'

const mostOpen = 10_000
const mostKeyLength = 4096

export const secrets = defineHostModule<VuContext>('secrets', {
  /** Begins to get a secret; it comes as the result of `task`. Without a name it is that of the default source. */
  get(vu, task, name, key) {
    const id = number(task, 'task')
    const wanted = text(key, 'key')
    if (wanted.length > mostKeyLength) throw new GuestError('GoError', 'no value')
    if (vu.tasks.size >= mostOpen) throw new GuestError('GoError', `a VU may wait for ${mostOpen} results`)
    vu.tasks.begin(id, () => {})
    vu.services.secret(name === undefined ? undefined : text(name, 'name'), wanted).then(
      (secret) => vu.tasks.post(id, 'value', JSON.stringify(secret), true),
      (e: unknown) => vu.tasks.post(id, 'error', e instanceof Error ? e.message : 'no value', true),
    )
    return undefined
  },
})

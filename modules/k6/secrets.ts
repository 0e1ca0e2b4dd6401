/** Guest half of `k6/secrets`. */
import { ops } from '../internal/bridge.js'
import { parseJson, toText } from '../internal/primordials.js'
import { promiseOf } from '../internal/tasks.js'

const host = ops<{ get(task: number, source: string | undefined, key: string): undefined }>('secrets', ['get'])

/** Rejects with a GoError when there is no such secret, or no such source. */
const secretOf = (source: string | undefined, key: unknown): Promise<string> =>
  promiseOf(
    (task) => {
      host.get(task, source, toText(key))
    },
    (json) => parseJson(json as string) as string,
  )

/** A source by the name that --secret-source gave it. */
function source(name?: unknown): { get(key?: unknown): Promise<string> } {
  const wanted = toText(name)
  return { get: (key) => secretOf(wanted, key) }
}

/** A secret of the default source. */
const get = (key?: unknown): Promise<string> => secretOf(undefined, key)

export default { get, source }

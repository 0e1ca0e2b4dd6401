/** Modules of k6 that are not here: those that k6 itself removed, with its texts, and those left out of belljar on purpose. */
import { AppError } from '../errors.js'

const documentation = 'https://grafana.com/docs/k6/latest/javascript-api'

const graduated = (name: string, replacement: string, page: string) =>
  `${name} has been graduated, please use ${replacement} instead. ` +
  `See ${documentation}/${page}/ for more information.`

const removed = (name: string, replacement: string, page: string) =>
  `${name} has been removed, please use ${replacement} instead. See ${documentation}/${page}/ for more information.`

/** Importing one throws in k6 too. Only the text for `grpc` is known word by word; the others follow it. */
const removedTexts: ReadonlyMap<string, string> = new Map(
  [
    graduated('k6/experimental/grpc', 'k6/net/grpc', 'k6-net-grpc'),
    graduated('k6/experimental/timers', 'k6/timers', 'k6-timers'),
    graduated('k6/experimental/webcrypto', 'the global crypto', 'crypto'),
    graduated('k6/experimental/browser', 'k6/browser', 'k6-browser'),
    removed('k6/experimental/tracing', 'the http-instrumentation-tempo jslib', 'jslib/http-instrumentation-tempo'),
    removed('k6/experimental/redis', 'k6/x/redis', 'k6-x/redis'),
  ].map((text) => [text.slice(0, text.indexOf(' ')), text]),
)

/** True for a module that k6 removed: an error of the code that imports it, and not of the script as a whole. */
export const isRemoved = (name: string): boolean => removedTexts.has(name)

const noWebSockets = 'streams of messages can be tested with k6/net/grpc; for WebSockets use k6'

/** What to do without a module that is left out on purpose. */
const insteadOf: ReadonlyMap<string, string> = new Map([
  ['k6/ws', noWebSockets],
  ['k6/websockets', noWebSockets],
  ['k6/experimental/websockets', noWebSockets],
  ['k6/browser', 'for tests in a browser use k6'],
  ['k6/html', 'take values out of the text with a regular expression, or import an HTML parser written in JavaScript'],
])

/** The error for a module of k6 that is not here. */
export function unknownModule(name: string): AppError {
  const text = removedTexts.get(name)
  if (text !== undefined) return new AppError('SCRIPT_EXCEPTION', text)
  const begin = `unknown modules ["${name}"] were tried to be loaded, but couldn't: belljar`
  if (name.startsWith('k6/x/')) {
    return new AppError('SCRIPT_EXCEPTION', `${begin} leaves extensions of k6 out on purpose`, {
      hint: 'extensions are programs in Go; import a module written in JavaScript instead',
    })
  }
  const hint = insteadOf.get(name)
  if (hint !== undefined)
    return new AppError('SCRIPT_EXCEPTION', `${begin} leaves this module out on purpose`, { hint })
  return new AppError('SCRIPT_EXCEPTION', `${begin} does not have this module of k6`, {
    hint: 'the README lists the modules there are',
  })
}

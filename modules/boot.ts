/**
 * The first code that a VM runs: sets up the global objects of k6 and the functions by which the host runs a script.
 * Every entry answers with text: undefined when all is well, `pending` when a promise is open, else a described error.
 */
import { onEntry } from './internal/bridge.js'
import { describeError } from './internal/describe-error.js'
import { installGlobals } from './internal/globals.js'
import { part } from './internal/part.js'
import {
  hasOwn,
  keys,
  mapForEach,
  mapGet,
  mapSet,
  NativeMap,
  parseJson,
  stringifyJson,
  whenSettled,
} from './internal/primordials.js'
import { anything } from './internal/rehearsal.js'
import { deliver, deliverItems, deliverValue, dropTasks } from './internal/tasks.js'
import { stopTimers } from './internal/timers.js'
import {
  type Configuration,
  configure,
  hasSystemTag,
  type Phase,
  resetEnv,
  resetTags,
  setGroupTag,
  vu,
} from './internal/vu.js'

/** The script's exports. */
export { linked, load, loadJson, provide } from './internal/commonjs.js'

const goJson = part<typeof import('./internal/go-json.js')>('go-json')
const summaryValue = part<typeof import('./internal/summary-value.js')>('summary-value')

const exported = new NativeMap<string, unknown>()
let setupData: unknown
let hasSetupData = false

/** State of the asynchronous call that the host waits for. */
let isOpen = false
let outcome: { value: unknown } | { error: string } | undefined

/** Takes over the namespace of the script's main module, once it was evaluated. */
export function adopt(namespace: Record<string, unknown>): void {
  const names = keys(namespace)
  for (let i = 0; i < names.length; i++) mapSet(exported, names[i]!, namespace[names[i]!])
}

/** `{"error": …}` for a thrown value, prefixed as k6 does when it came out of a promise. */
function failed(value: unknown, prefix = ''): string {
  return `!${prefix}${describeError(value)}`
}

/** True for a promise, whose outcome is then kept. An object with a `then` of its own is none. */
function isWatched(result: unknown): boolean {
  if (typeof result !== 'object' || result === null) return false
  try {
    whenSettled(
      result,
      (value) => {
        isOpen = false
        outcome = { value }
      },
      (reason) => {
        isOpen = false
        outcome = { error: failed(reason, 'p') }
      },
    )
  } catch {
    return false
  }
  isOpen = true
  return true
}

/** Runs `fn`; an open promise makes the answer `pending`, and the host asks for the outcome later. */
function run(fn: () => unknown): string | undefined {
  isOpen = false
  outcome = undefined
  try {
    const result = fn()
    if (isWatched(result)) return 'pending'
    outcome = { value: result }
    return undefined
  } catch (e) {
    return failed(e)
  }
}

/** What the host evaluated: nothing to wait for, or the promise of a module that awaits. */
onEntry('evaluated', (result: unknown) => run(() => result))

onEntry('describe', (error: unknown) => failed(error))

onEntry('configure', (json: string) => {
  configure(parseJson(json) as Configuration)
  return undefined
})

/** JSON of what the script exports: names of functions, other names, and its options as JSON text. */
onEntry('exports', () => {
  let functions = ''
  let others = ''
  mapForEach(exported, (value, name) => {
    const text = stringifyJson(name)!
    if (typeof value === 'function') functions += functions === '' ? text : `,${text}`
    else others += others === '' ? text : `,${text}`
  })
  try {
    const options = stringifyJson(mapGet(exported, 'options')) ?? 'null'
    return `{"functions":[${functions}],"others":[${others}],"options":${options}}`
  } catch (e) {
    return failed(e)
  }
})

/** Replaces the members of the script's `options` with the consolidated ones. */
onEntry('setOptions', (json: string) => {
  const options = mapGet(exported, 'options')
  if (typeof options !== 'object' || options === null) return undefined
  const values = parseJson(json) as Record<string, unknown>
  const names = keys(values)
  try {
    for (let i = 0; i < names.length; i++) (options as Record<string, unknown>)[names[i]!] = values[names[i]!]
  } catch {
    // A frozen object stays as the script made it.
  }
  return undefined
})

/** Puts the VU into a phase, with tags and environment of the scenario. */
onEntry('activate', (phase: Phase, tagsJson: string, envJson: string) => {
  vu.phase = phase
  // Groups of setup and teardown are inside the one that k6 puts around them, as the tags say.
  vu.group = phase === 'setup' || phase === 'teardown' ? `::${phase}` : ''
  resetTags(parseJson(tagsJson) as Record<string, string>)
  resetEnv(parseJson(envJson) as Record<string, string>)
  return undefined
})

/** What setup() returned, as JSON; every iteration of this VU gets the same object. */
onEntry('setupData', (json: string | undefined) => {
  hasSetupData = true
  // In a check, what a setup() returns that failed may be anything.
  if (vu.isRehearsal && json === '?') setupData = anything()
  else setupData = json === undefined ? undefined : parseJson(json)
  return undefined
})

let iterated: (data: unknown) => unknown

/** One iteration of the exported function `name`; without a name of the same one as before. */
onEntry('iteration', (iteration: number, name: string | undefined) => {
  if (name !== undefined) iterated = mapGet(exported, name) as (data: unknown) => unknown
  vu.iteration = iteration
  if (vu.group !== '') {
    // An iteration that was interrupted inside a group leaves no trace in the next one.
    vu.group = ''
    if (hasSystemTag('group')) setGroupTag('')
  }
  isOpen = false
  outcome = undefined
  try {
    return isWatched(iterated(hasSetupData ? setupData : undefined)) ? 'pending' : undefined
  } catch (e) {
    return failed(e)
  }
})

/** Runs an exported function of one argument, given as JSON: setup, teardown, handleSummary. */
onEntry('stage', (name: string, argument: string | undefined) => {
  const fn = mapGet(exported, name) as (data: unknown) => unknown
  const data = argument === undefined ? undefined : parseJson(argument)
  // JSON has no undefined, and k6 has the key without a value.
  if (name === 'handleSummary' && !hasOwn(data as object, 'setup_data')) {
    ;(data as Record<string, unknown>).setup_data = undefined
  }
  return run(() => fn(data))
})

onEntry('deliver', (id: number, kind: string, payload: string | number | ArrayBuffer | undefined) => {
  try {
    deliver(id, kind, payload)
    return undefined
  } catch (e) {
    return failed(e)
  }
})

onEntry('deliverValue', (id: number, value: string | number | ArrayBuffer | undefined) => {
  try {
    deliverValue(id, value)
    return undefined
  } catch (e) {
    return failed(e)
  }
})

onEntry('deliverItems', (id: number, json: string) => {
  try {
    deliverItems(id, json)
    return undefined
  } catch (e) {
    return failed(e)
  }
})

/** `open` while the promise is neither fulfilled nor rejected, a described error, or undefined. */
onEntry('outcome', () => (isOpen ? 'open' : outcome !== undefined && 'error' in outcome ? outcome.error : undefined))

/** The value of the last run, in the encoding that k6 uses for the data of setup(). */
onEntry('value', () => {
  try {
    const value = outcome !== undefined && 'value' in outcome ? outcome.value : undefined
    return value === undefined ? undefined : `=${goJson().encodeJsonAsGo(value)}`
  } catch (e) {
    return failed(e)
  }
})

/** What handleSummary returned, as a JSON list of [path, encoding, content]. */
onEntry('summaryValue', () => {
  try {
    const value = outcome !== undefined && 'value' in outcome ? outcome.value : undefined
    return summaryValue().encodeSummary(value)
  } catch (e) {
    return failed(e)
  }
})

/** The same for the reason of a rejection that nobody handles. */
onEntry('describeRejection', (reason: unknown) => failed(reason, 'p'))

onEntry('dropTasks', () => {
  stopTimers()
  dropTasks()
  return undefined
})

installGlobals()

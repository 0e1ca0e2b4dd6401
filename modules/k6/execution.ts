/** Guest half of `k6/execution`: facts of the VU, the scenario, the instance and the test; ending the test. */
import { ops } from '../internal/bridge.js'
import { GoError } from '../internal/go-error.js'
import {
  bareDescriptor,
  defineProperty,
  freeze,
  hasOwn,
  keys,
  NativeTypeError,
  newProxy,
  ownKeys,
  parseJson,
  toText,
} from '../internal/primordials.js'
import {
  currentMetadata,
  currentTags,
  deleteMetadata,
  deleteOwnTag,
  metadataValue,
  setMetadata,
  setOwnTag,
  vu as state,
  TagError,
  tagValue,
} from '../internal/vu.js'

const host = ops<{ info(): string; abort(reason: string): undefined; fail(reason: string): undefined }>('execution', [
  'info',
  'abort',
  'fail',
])

interface Info {
  scenario?: string
  executor?: string
  scenarioStartMs?: number
  scenarioProgress?: number
  iterationInScenario?: number
  iterationInInstance?: number
  scenarioIterationInInstance?: number
  scenarioIterationInTest?: number
  runDurationMs: number
  completed: number
  interrupted: number
  activeVus: number
  initializedVus: number
  testOptions: unknown
}

/** The host tells all of it, or nothing of a scenario. */
type ScenarioInfo = Required<Info>

const info = (): Info => parseJson(host.info()) as Info

/** An object whose members are asked for anew each time. */
function live<T extends object>(members: { [K in keyof T]: () => T[K] }): T {
  const object = {}
  const names = keys(members)
  for (let i = 0; i < names.length; i++) {
    const get = members[names[i]! as keyof T]
    defineProperty(object, names[i]!, { get, enumerable: true, configurable: true })
  }
  return object as T
}

const assertNotInit = (what: string): void => {
  if (state.phase === 'init') throw new GoError(`getting ${what} in the init context is not supported`)
}

function scenarioInfo(): ScenarioInfo {
  const found = info()
  if (state.phase !== 'vu' || found.scenario === undefined) {
    throw new GoError('getting scenario information outside of the VU context is not supported')
  }
  return found as ScenarioInfo
}

type Read<From> = <T>(read: (found: From) => T) => () => T

const inVu: Read<Info> = (read) => () => {
  assertNotInit('VU information')
  return read(info())
}
const inInstance: Read<Info> = (read) => () => {
  assertNotInit('instance information')
  return read(info())
}
const inScenario: Read<ScenarioInfo> = (read) => () => read(scenarioInfo())

/** What can be read, set and deleted of the VU's tags, or of its metadata. */
interface Labels {
  all(): Readonly<Record<string, string>>
  /** @throws {TagError} for a value that k6 refuses */
  set(name: string, value: unknown): void
  remove(name: string): void
}

/** Labels as an object of the script. */
const labelsObject = (labels: Labels) =>
  newProxy({} as Record<string, string | number | boolean>, {
    get: (_target, name) => (typeof name === 'string' ? labels.all()[name] : undefined),
    set(_target, name, value) {
      if (typeof name !== 'string') return false
      try {
        labels.set(name, value)
      } catch (e) {
        if (e instanceof TagError) throw new NativeTypeError(e.message)
        throw e
      }
      return true
    },
    has: (_target, name) => typeof name === 'string' && hasOwn(labels.all(), name),
    deleteProperty(_target, name) {
      if (typeof name === 'string') labels.remove(name)
      return true
    },
    ownKeys: () => ownKeys(labels.all()),
    getOwnPropertyDescriptor(_target, name) {
      const value = typeof name === 'string' ? labels.all()[name] : undefined
      if (value === undefined) return undefined
      return bareDescriptor({ value, writable: true, enumerable: true, configurable: true })
    },
  })

const tags = labelsObject({
  all: currentTags,
  set: (name, value) => setOwnTag(name, tagValue(name, value)),
  remove: deleteOwnTag,
})
const metadata = labelsObject({
  all: currentMetadata,
  set: (name, value) => setMetadata(name, metadataValue(name, value)),
  remove: deleteMetadata,
})

const metrics = {} as { tags: typeof tags; metadata: typeof metadata }
defineProperty(metrics, 'tags', {
  enumerable: true,
  get: () => tags,
  set: () => {
    throw new NativeTypeError("the VU's tags cannot be replaced as a whole: set them one by one")
  },
})
defineProperty(metrics, 'metadata', {
  enumerable: true,
  get: () => metadata,
  set: () => {
    throw new NativeTypeError("the VU's metadata cannot be replaced as a whole: set its members one by one")
  },
})

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const names = keys(value)
  for (let i = 0; i < names.length; i++) frozen((value as Record<string, unknown>)[names[i]!])
  return freeze(value)
}

const vuFacts = live({
  idInInstance: inVu(() => state.id),
  idInTest: inVu(() => state.idInTest),
  iterationInInstance: inVu((found) => found.iterationInInstance ?? 0),
  iterationInScenario: inVu((found) => found.iterationInScenario ?? 0),
  tags: () => {
    assertNotInit('VU information')
    return tags
  },
  metrics: () => {
    assertNotInit('VU information')
    return metrics
  },
})

const scenario = live({
  name: inScenario((found) => found.scenario),
  executor: inScenario((found) => found.executor),
  startTime: inScenario((found) => found.scenarioStartMs),
  progress: inScenario((found) => found.scenarioProgress),
  iterationInInstance: inScenario((found) => found.scenarioIterationInInstance),
  iterationInTest: inScenario((found) => found.scenarioIterationInTest),
})

const instance = live({
  currentTestRunDuration: inInstance((found) => found.runDurationMs),
  iterationsCompleted: inInstance((found) => found.completed),
  iterationsInterrupted: inInstance((found) => found.interrupted),
  vusActive: inInstance((found) => found.activeVus),
  vusInitialized: inInstance((found) => found.initializedVus),
})

const test = live({
  options: () => {
    assertNotInit('test options')
    return frozen(info().testOptions)
  },
  abort:
    () =>
    (reason?: unknown): void => {
      host.abort(reason === undefined ? 'test aborted' : `test aborted: ${toText(reason)}`)
    },
  fail:
    () =>
    (reason?: unknown): void => {
      if (state.phase === 'init') throw new GoError('execution.test.fail() called outside of VU context')
      host.fail(reason === undefined ? 'test marked as failed' : `test marked as failed: ${toText(reason)}`)
    },
})

/** Asking for the object itself is an error in the init context, as its members are. */
const execution = {} as { instance: typeof instance; scenario: typeof scenario; test: typeof test; vu: typeof vuFacts }
const parts = {
  instance() {
    assertNotInit('instance information')
    return instance
  },
  scenario: () => scenario,
  test: () => test,
  vu: () => vuFacts,
}
const names = keys(parts) as (keyof typeof parts)[]
for (let i = 0; i < names.length; i++) {
  defineProperty(execution, names[i]!, { get: parts[names[i]!], enumerable: true })
}

export { instance, scenario, test, vuFacts as vu }
export default execution

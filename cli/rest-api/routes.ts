/** What the REST API does for each method and path. Knows the run, and nothing of HTTP but its status codes. */
import type { Run } from '../../engine/run.js'
import { AppError, isAppError } from '../../errors.js'
import { groupResources, metricResource, type Resource, setupResource, statusResource } from './documents.js'

/** An answer: JSON, a line of text, or nothing. */
export interface Answer {
  readonly status: number
  readonly json?: object
  readonly text?: string
}

/** @returns an error document as k6 writes it */
export function refusal(status: number, title: string, detail: string): Answer {
  return { status, json: { errors: [{ status: String(status), title, detail }] } }
}

const data = (resource: Resource | readonly Resource[]): Answer => ({ status: 200, json: { data: resource } })

type Handler = (run: Run, body: string, id: string) => Answer | Promise<Answer>

/** By path, where `:id` stands for one segment, then by method. */
const routes: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  '/ping': { GET: () => ({ status: 200, text: 'ok' }) },
  '/v1/status': { GET: (run) => data(statusResource(run)), PATCH: patchStatus },
  '/v1/metrics': { GET: (run) => data(run.store.observed().map((stored) => metricResource(run, stored))) },
  '/v1/metrics/:id': {
    GET(run, _body, id) {
      const stored = run.store.observed().find(({ name }) => name === id)
      return stored === undefined ? notFound('metric') : data(metricResource(run, stored))
    },
  },
  '/v1/groups': { GET: (run) => data(groupResources(run.store.rootGroup)) },
  '/v1/groups/:id': {
    GET(run, _body, id) {
      const found = groupResources(run.store.rootGroup).find((resource) => resource.id === id)
      return found === undefined ? notFound('group') : data(found)
    },
  },
  '/v1/setup': {
    GET: (run) => data(setupResource(run)),
    async PUT(run, body) {
      const value = parsed(body)
      await run.setSetupJson(value === undefined ? undefined : JSON.stringify(value))
      return data(setupResource(run))
    },
    async POST(run) {
      await run.runStage('setup')
      return data(setupResource(run))
    },
  },
  '/v1/teardown': {
    async POST(run) {
      await run.runStage('teardown')
      return { status: 200 }
    },
  },
}

const notFound = (what: string): Answer => refusal(404, 'Not Found', `No ${what} with that ID was found`)

/**
 * Answers one request. Never throws: what goes wrong is an answer too.
 *
 * @param redact takes secrets out of what a script threw, which the log does not show either
 */
export async function answer(
  run: Run,
  method: string,
  path: string,
  body: string,
  redact: (text: string) => string,
): Promise<Answer> {
  const [, parent, id] = /^(\/v1\/(?:metrics|groups))\/([^/]+)$/.exec(path) ?? []
  const route = id === undefined ? path : `${parent}/:id`
  const methods = Object.hasOwn(routes, route) ? routes[route]! : undefined
  if (methods === undefined) return refusal(404, 'Not Found', 'There is nothing at that path')
  if (!Object.hasOwn(methods, method)) {
    return refusal(405, 'Method Not Allowed', `It takes ${Object.keys(methods).join(', ')}`)
  }
  try {
    return await methods[method]!(run, body, decoded(id ?? ''))
  } catch (e) {
    if (!isAppError(e)) return refusal(500, 'Internal Server Error', 'This is a bug of belljar')
    const detail = redact(e.message)
    return e.code === 'USAGE' ? refusal(400, 'Bad Request', detail) : refusal(500, 'Error executing the script', detail)
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}

/** @returns undefined for null and for nothing */
function parsed(body: string): unknown {
  if (body.trim() === '') return undefined
  try {
    return JSON.parse(body) ?? undefined
  } catch {
    throw new AppError('USAGE', 'the body is not valid JSON')
  }
}

/** What a client may set; other attributes of a status are read only, and k6 overlooks them too. */
function patchStatus(run: Run, body: string): Answer {
  const document = parsed(body) as { data?: { attributes?: Record<string, unknown> } } | undefined
  const attributes = document?.data?.attributes
  if (typeof attributes !== 'object' || attributes === null) {
    throw new AppError('USAGE', 'the body must be { "data": { "type": "status", "attributes": { … } } }')
  }
  const { paused, stopped } = attributes
  for (const [name, value] of Object.entries({ paused, stopped })) {
    if (value !== undefined && value !== null && typeof value !== 'boolean') {
      throw new AppError('USAGE', `${name} must be true or false`)
    }
  }
  if (stopped === true) run.abort(new AppError('STOPPED', 'test run stopped from REST API'))
  else if (typeof paused === 'boolean') run.setPaused(paused)
  return data(statusResource(run))
}

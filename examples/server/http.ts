/** The HTTP side of the example server: where tokens come from that gRPC calls show, and who a token belongs to. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Sessions } from './sessions.js'

const maxBodyBytes = 64 * 1024

/** An answer: status, headers, and a value for the body. */
interface Answer {
  status: number
  headers?: Record<string, string>
  value: unknown
}

/**
 * Routes:
 * `POST /login` with `user` and `password` as JSON or as a form gives a token, and a cookie with the same;
 * `GET /me` with `authorization: Bearer TOKEN` or that cookie tells whose it is;
 * `GET /account` redirects to `/me`; `GET /items/ID` has an item for each number.
 */
export function httpServer(sessions: Sessions): Server {
  return createServer((request, response) => {
    answer(request, sessions).then(
      ({ status, headers, value }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers })
        response.end(value === undefined ? '' : JSON.stringify(value))
      },
      () => response.destroy(),
    )
  })
}

async function answer(request: IncomingMessage, sessions: Sessions): Promise<Answer> {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost')
  const item = /^\/items\/(\d{1,9})$/.exec(pathname)
  if (request.method === 'POST' && pathname === '/login') return login(request, sessions)
  if (request.method !== 'GET') return { status: 405, value: { error: 'method not allowed' } }
  if (pathname === '/me') return me(request, sessions)
  if (pathname === '/account') return { status: 302, headers: { location: '/me' }, value: undefined }
  if (item !== null) return { status: 200, value: { id: Number(item[1]), tags: ['small', 'blue'] } }
  return { status: 404, value: { error: 'not found' } }
}

async function login(request: IncomingMessage, sessions: Sessions): Promise<Answer> {
  const given = fieldsOf(request.headers['content-type'] ?? '', await bodyOf(request))
  const session = sessions.open(String(given.user), String(given.password))
  if (session === undefined) return { status: 401, value: { error: 'wrong user or password' } }
  const { token, expiresAtMs } = session
  return {
    status: 200,
    headers: { 'set-cookie': `session=${token}; Path=/; HttpOnly` },
    value: { token, expires_at: new Date(expiresAtMs).toISOString() },
  }
}

function me(request: IncomingMessage, sessions: Sessions): Answer {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1]
  const cookie = /(?:^|; )session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  const user = sessions.userOf(bearer ?? cookie ?? '')
  return user === undefined ? { status: 401, value: { error: 'who are you?' } } : { status: 200, value: user }
}

/** @throws {Error} for a body that is too large */
async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += (chunk as Buffer).length
    if (bytes > maxBodyBytes) throw new Error('the body is too large')
    chunks.push(chunk as Buffer)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function fieldsOf(contentType: string, body: string): Record<string, unknown> {
  if (contentType.startsWith('application/x-www-form-urlencoded')) return Object.fromEntries(new URLSearchParams(body))
  try {
    return { ...JSON.parse(body) }
  } catch {
    return {}
  }
}

/**
 * The HTTP server of the REST API. What reaches the routes has a bounded size and comes from a program on purpose: not from a
 * web page, whose browser says where it comes from, and not by a name that was made to point here.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isIP } from 'node:net'
import type { Run } from '../../engine/run.js'
import { AppError } from '../../errors.js'
import type { Limits } from '../../policy/limits.js'
import { jsonText } from '../../report/clean-text.js'
import type { Logger } from '../../report/logger.js'
import type { Redactor } from '../../report/redaction.js'
import { type Answer, answer, refusal } from './routes.js'

const requestTimeoutMs = 10_000
const maxConnections = 100

/** `host:port`; `:port`, which is this machine only; `[::1]:port`. @throws {AppError} USAGE */
export function parseAddress(text: string): { host: string; port: number } {
  const [, host, port] = /^(\[[0-9a-fA-F:.]+\]|[^:[\]/?#@]*):([0-9]{1,5})$/.exec(text) ?? []
  if (host === undefined || Number(port) > 65_535) {
    throw new AppError('USAGE', `invalid address "${text.slice(0, 200)}" of the REST API: host:port is needed`)
  }
  // Names of this machine need no look-up, which could answer with something else.
  const plain = host === '' || host === 'localhost' ? '127.0.0.1' : host.replace(/^\[|\]$/g, '')
  return { host: plain, port: Number(port) }
}

/**
 * Serves the API of a run until it is closed.
 *
 * @throws {AppError} USAGE for an address that is none, REST_API_FAILED when it cannot be listened on
 */
export async function serveRestApi(
  address: string,
  run: Run,
  limits: Limits,
  logger: Logger,
  redactor: Redactor,
): Promise<{ close(): void }> {
  const { host, port } = parseAddress(address)
  const redact = (text: string) => redactor.redact(text)
  const answered = (request: IncomingMessage, body: string) =>
    answer(run, request.method ?? '', pathOf(request), body, redact)
  const server = createServer(
    { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs },
    (request, response) => {
      void handle(request, host, limits.setupDataBytes)
        .then((text) => (typeof text === 'string' ? answered(request, text) : text))
        .then((made) => send(response, made))
        .catch(() => response.destroy())
    },
  )
  server.maxConnections = maxConnections
  await new Promise<void>((resolve, reject) => {
    const fail = (e: NodeJS.ErrnoException) => {
      const reason = e.code === 'EADDRINUSE' ? 'address already in use' : (e.code ?? 'unknown error')
      reject(new AppError('REST_API_FAILED', `listen tcp ${host}:${port}: bind: ${reason}`))
    }
    server.once('error', fail)
    server.listen(port, host, () => {
      server.off('error', fail)
      resolve()
    })
  })
  server.on('error', (e) => logger.error(`the REST API: ${e.message}`))
  const at = server.address()
  if (typeof at === 'object' && at !== null) {
    logger.debug(`Starting the REST API server on ${at.family === 'IPv6' ? `[${at.address}]` : at.address}:${at.port}`)
  }
  return {
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?')[0]!

/** The body of a request that may be answered, or the refusal. */
async function handle(request: IncomingMessage, ownHost: string, maxBytes: number): Promise<string | Answer> {
  if (!isOwnHost(request.headers.host, ownHost)) return refusal(403, 'Forbidden', 'The Host header names another host')
  const { origin } = request.headers
  if (origin !== undefined && origin !== `http://${request.headers.host}`) {
    return refusal(403, 'Forbidden', 'Pages of other origins may not use this API')
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) return refusal(413, 'Payload Too Large', `A body may have ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A name that was bound to this address by somebody else is not ours; an IP address or the name asked for is. */
function isOwnHost(header: string | undefined, ownHost: string): boolean {
  if (header === undefined) return false
  const name = header.replace(/:[0-9]*$/, '').replace(/^\[|\]$/g, '')
  return isIP(name) !== 0 || name.toLowerCase() === 'localhost' || name.toLowerCase() === ownHost.toLowerCase()
}

function send(response: ServerResponse, { status, json, text }: Answer): void {
  const body = json === undefined ? (text ?? '') : jsonText(json)
  response.writeHead(status, {
    'Content-Type': json === undefined ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    // Also after a body that was too long, the rest of which nobody reads.
    Connection: 'close',
  })
  response.end(body)
}

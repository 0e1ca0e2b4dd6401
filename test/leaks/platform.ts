/** A platform that gets scripts to run, one after the other, and a service on 127.0.0.1 for them; nobody may call 127.0.0.2. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runScript } from '../../index.js'
import { type GivenScript, policyOf } from './scripts.js'

export class Platform {
  readonly #service: Server
  readonly #forbidden: Server
  readonly #formerFolder = process.env.TMPDIR
  readonly #folder = mkdtempSync(join(tmpdir(), 'belljar-leaks-'))
  readonly address: string
  /** Connections to the address that is closed to all scripts. */
  forbiddenConnections = 0

  static async start(): Promise<Platform> {
    const service = createServer((_, response) => response.end('front page'))
    const forbidden = createServer((_, response) => response.end('secret'))
    await new Promise<void>((done) => service.listen(0, '127.0.0.1', done))
    const { port } = service.address() as AddressInfo
    await new Promise<void>((done) => forbidden.listen(port, '127.0.0.2', done))
    return new Platform(service, forbidden, port)
  }

  private constructor(service: Server, forbidden: Server, port: number) {
    this.#service = service
    this.#forbidden = forbidden
    this.address = `127.0.0.1:${port}`
    forbidden.on('connection', () => this.forbiddenConnections++)
    // Of its own, so that what is left there is of its runs.
    process.env.TMPDIR = this.#folder
  }

  /** Runs a script; answers what is wrong with how it ended. */
  async run({ text, wrong, isStopped = false }: GivenScript): Promise<string | undefined> {
    const stop = new AbortController()
    const lines: string[] = []
    const outcome = await runScript({
      script: { text },
      policy: policyOf(this.address),
      env: { ADDRESS: this.address },
      threads: 2,
      ...(isStopped ? { signal: stop.signal, stopMs: 2000 } : {}),
      onEvent: (event) => {
        if (event.type !== 'log') return
        lines.push(event.line.msg)
        if (event.line.msg === 'stop me') stop.abort()
      },
    })
    return wrong(outcome, lines)
  }

  close(): void {
    if (this.#formerFolder === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = this.#formerFolder
    rmSync(this.#folder, { recursive: true })
    for (const server of [this.#service, this.#forbidden]) {
      server.closeAllConnections()
      server.close()
    }
  }
}

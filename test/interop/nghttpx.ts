/**
 * nghttp2's proxy before a server of interop.proto: node build/test/interop/nghttpx.js COMMAND…
 * The HTTP/2 that reaches belljar is then nghttp2's own. Prints the proxies' addresses as the server prints its own, and ends
 * with its standard input.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'

const [command = '', ...args] = process.argv.slice(2)
const children: ChildProcess[] = []
const stop = () => {
  for (const child of children) child.kill()
}
process.on('exit', stop)
process.on('SIGTERM', () => process.exit())

/** A port that nobody has just now: nghttpx does not say which one it took. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function untilListening(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`nghttpx ended with ${child.exitCode}`)
    const socket = connect(port, '127.0.0.1')
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    })
    socket.destroy()
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function proxyTo(address: string): Promise<string> {
  const port = await freePort()
  const [host, backPort] = address.split(':')
  const places = [`--frontend=127.0.0.1,${port};no-tls`, `--backend=${host},${backPort};;proto=h2`]
  // It tells of its end as of a failure.
  const child = spawn('nghttpx', ['--conf=/dev/null', '--workers=1', ...places], { stdio: 'ignore' })
  children.push(child)
  child.on('error', (e) => {
    console.error(e.message)
    process.exit(1)
  })
  await untilListening(port, child)
  return `127.0.0.1:${port}`
}

const server = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
children.push(server)
const [line] = (await once(createInterface(server.stdout), 'line')) as [string]
const addresses = Object.entries(JSON.parse(line) as Record<string, string>)
const proxies: Record<string, string> = {}
for (const [name, address] of addresses) proxies[name] = await proxyTo(address)
console.log(JSON.stringify(proxies))
process.stdin.resume().on('end', () => process.exit())

/**
 * The report of a run in a real browser: node build/test/html-report/main.js [FOLDER]. Runs script.js against the example
 * server, opens the page from its file and uses it. Needs Chromium (CHROMIUM, or /usr/bin/chromium). With a folder, the
 * pictures of the documentation are written there. Ends with `N passed, N failed`.
 */
import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { packageRoot } from '../../package-root.js'
import { cases } from './cases.js'

const chromiumFlags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

const pictures = process.argv[2]
const folder = mkdtempSync(join(tmpdir(), 'belljar-report-'))
const server = spawn(process.execPath, [join(packageRoot, 'build/examples/server/main.js')], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
let passed = 0
let failed = 0

/** Runs a script; the address of the page about it. */
function makeReport(name: string, script: string, address: string): string {
  const file = join(folder, `${name}.html`)
  const run = [join(packageRoot, 'bin/belljar.js'), 'run', '--quiet', '--out', `html=${file}`]
  const flags = ['--summary-mode', 'disabled', '--log-output', 'none', '-e', `GRPC_ADDR=${address}`]
  const ended = spawnSync(process.execPath, [...run, ...flags, script], {
    cwd: join(packageRoot, 'test/html-report'),
    stdio: 'inherit',
  })
  if (ended.error !== undefined) throw ended.error
  return pathToFileURL(file).href
}

async function attempt(title: string, test: () => Promise<void>): Promise<void> {
  try {
    await test()
    passed++
    console.log(`✓ ${title}`)
  } catch (e) {
    failed++
    console.log(`✗ ${title}\n  ${e instanceof Error ? e.message : e}`)
  }
}

/** Opens a page and makes sure that it says nothing to the console and asks nobody for anything. */
async function withPage(context: BrowserContext, url: string, use: (page: Page) => Promise<void>): Promise<void> {
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => complaints.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('request', (request) => {
    if (request.url() !== url) complaints.push(`request: ${request.url()}`)
  })
  await page.goto(url)
  await page.waitForSelector('main')
  await use(page)
  await page.close()
  assert.deepEqual(complaints, [])
}

async function takePictures(context: BrowserContext, url: string, to: string): Promise<void> {
  for (const scheme of ['light', 'dark'] as const) {
    const page = await context.newPage()
    await page.setViewportSize({ width: 1200, height: 1340 })
    await page.emulateMedia({ colorScheme: scheme })
    await page.goto(url)
    await page.waitForSelector('.uplot canvas')
    await page.screenshot({ path: join(to, `report-${scheme}.png`) })
    await page.close()
  }
}

try {
  const [line] = (await once(createInterface(server.stdout), 'line')) as [string]
  const { plaintext } = JSON.parse(line) as { plaintext: string }
  const url = makeReport('run', 'script.js', plaintext)
  const empty = makeReport('empty', 'throws-at-once.js', plaintext)
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: chromiumFlags,
  })
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, colorScheme: 'light' })
  for (const { title, isEmptyRun, use } of cases) {
    await attempt(title, () => withPage(context, isEmptyRun ? empty : url, use))
  }
  if (pictures !== undefined) await takePictures(context, url, pictures)
  await browser.close()
} catch (e) {
  failed++
  console.log(e instanceof Error ? e.message : e)
} finally {
  const hasEnded = once(server, 'close')
  server.stdin?.end()
  await hasEnded
  rmSync(folder, { recursive: true, force: true })
}
console.log(`\n${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

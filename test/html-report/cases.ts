/** What a reader does with a report, and what must come of it. */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Page } from 'playwright-core'

/** One thing that holds. */
export interface Case {
  readonly title: string
  /** For the report of a run whose setup failed. */
  readonly isEmptyRun?: boolean
  readonly use: (page: Page) => Promise<void>
}

const hostile = '</script><img src=x onerror="document.title=1">'

const textOf = async (page: Page, selector: string) => ((await page.textContent(selector)) ?? '').trim()

/** The names in the rows of a section's first table. */
const firstCells = (page: Page, section: string) =>
  page.$$eval(`#${section} tbody th`, (cells) => cells.map((cell) => cell.textContent ?? ''))

const plotOf = (section: string) => `#${section} .plot`

/** The pixels of a canvas as text, to see that something was drawn, or something else. */
const picture = (page: Page, section: string) =>
  page.$eval(`#${section} canvas`, (canvas) => (canvas as unknown as { toDataURL(): string }).toDataURL())

/** Charts are drawn when the browser gets to it. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await holds()); tries++) {
    assert.ok(tries < 100, 'it did not come about in five seconds')
    await setTimeout(50)
  }
}

export const cases: readonly Case[] = [
  {
    title: 'says at the top that the run failed, and why',
    async use(page) {
      assert.match(await textOf(page, '.verdict'), /Failed/)
      assert.match(await textOf(page, '.reason'), /thresholds on metrics 'checks' have been crossed/)
      assert.equal(await textOf(page, 'h1'), 'script.js')
      assert.equal(await page.title(), 'script.js: failed')
      assert.match(await textOf(page, '#thresholds tbody tr:first-child'), /checks.*rate>0\.99.*crossed/)
    },
  },
  {
    title: 'shows hostile names as text',
    async use(page) {
      assert.equal(await page.$$eval('img', (found) => found.length), 0)
      assert.ok((await firstCells(page, 'checks')).includes(`✓ ${hostile} \\u202egnihtemos\\u0007`))
      assert.ok((await firstCells(page, 'groups')).includes(hostile))
      assert.equal(await page.title(), 'script.js: failed')
    },
  },
  {
    title: 'keeps the values of environments to itself',
    async use(page) {
      assert.match(await textOf(page, '#run pre'), /"API_TOKEN": "\(not shown\)"/)
      assert.doesNotMatch(await page.content(), /not for the report/)
    },
  },
  {
    title: 'draws charts of latency, traffic, errors and checks',
    async use(page) {
      for (const section of ['latency', 'traffic', 'errors', 'checks']) {
        assert.ok((await picture(page, section)).length > 2000, `nothing is drawn in ${section}`)
      }
      assert.equal(await page.$$eval('#traffic canvas', (found) => found.length), 4)
      assert.match(await textOf(page, '#errors .legend'), /3 InvalidArgument/)
    },
  },
  {
    title: 'shows the latency of a scenario or a method alone',
    async use(page) {
      const before = await picture(page, 'latency')
      await page.selectOption('#latency-part', { label: 'greeters' })
      const ofScenario = await picture(page, 'latency')
      assert.notEqual(ofScenario, before)
      await page.click('#latency tbody button:has-text("RatePizza")')
      assert.match(
        await page.$eval(
          '#latency-part',
          (input) => (input as unknown as { selectedOptions: { text: string }[] }).selectedOptions[0]!.text,
        ),
        /RatePizza/,
      )
      assert.notEqual(await picture(page, 'latency'), ofScenario)
      await page.selectOption('#latency-metric', 'iteration_duration')
      assert.match((await page.getAttribute(plotOf('latency'), 'aria-label')) ?? '', /p99: from/)
    },
  },
  {
    title: 'hides a line whose button is pressed',
    async use(page) {
      const before = await picture(page, 'latency')
      await page.click('#latency .legend button:has-text("p99")')
      await until(async () => (await picture(page, 'latency')) !== before)
      assert.equal(await page.getAttribute('#latency .legend button:has-text("p99")', 'aria-pressed'), 'false')
    },
  },
  {
    title: 'zooms all charts to what is dragged over in one, and back',
    async use(page) {
      const whole = await picture(page, 'errors')
      const plot = page.locator('#latency .u-over')
      await plot.scrollIntoViewIfNeeded()
      const box = (await plot.boundingBox())!
      await page.mouse.move(box.x + box.width * 0.3, box.y + 50)
      await page.mouse.down()
      await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 4 })
      await page.mouse.up()
      await page.waitForSelector('#reset-zoom', { state: 'visible' })
      const zoomed = await picture(page, 'errors')
      assert.notEqual(zoomed, whole)
      await page.click('#reset-zoom')
      await page.waitForSelector('#reset-zoom', { state: 'hidden' })
      await page.mouse.move(0, 0)
      await until(async () => (await picture(page, 'errors')) === whole)
    },
  },
  {
    title: 'is read and zoomed with the keyboard alone',
    async use(page) {
      await page.focus(plotOf('latency'))
      for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key)
      await page.waitForSelector('#latency .readout', { state: 'visible' })
      assert.match(await textOf(page, '#latency .readout'), /0:0.*p50.*ms/)
      assert.match(await textOf(page, '#latency figure > .hidden'), /p50 .*, p90 .*/)
      await page.keyboard.press('+')
      await page.waitForSelector('#reset-zoom', { state: 'visible' })
      await page.keyboard.press('Escape')
      await page.waitForSelector('#reset-zoom', { state: 'hidden' })
    },
  },
  {
    title: 'finds metrics and sorts them',
    async use(page) {
      await page.fill('#metrics input[type=search]', 'streams sent')
      assert.deepEqual(await firstCells(page, 'metrics'), ['grpc_streams_msgs_sent'])
      await page.fill('#metrics input[type=search]', '')
      await page.selectOption('#metrics select', 'gauge')
      assert.deepEqual(await firstCells(page, 'metrics'), ['pizzas_in_stock', 'vus', 'vus_max'])
      await page.selectOption('#metrics select', 'trend')
      await page.click('#metrics thead button:has-text("p99")')
      const sorted = await firstCells(page, 'metrics')
      await page.click('#metrics thead button:has-text("p99")')
      assert.deepEqual(await firstCells(page, 'metrics'), [...sorted].reverse())
      assert.equal(await page.getAttribute('#metrics thead th:has-text("p99")', 'aria-sort'), 'ascending')
    },
  },
  {
    title: 'shows any metric over time on demand',
    async use(page) {
      for (const name of ['cache_hits', 'pizzas_in_stock', 'orders_placed', 'rendering_time']) {
        await page.click(`#metrics tbody button:has-text("${name}")`)
        await page.waitForSelector(`#explorer figure:has-text("${name}") canvas`)
      }
    },
  },
  {
    title: 'changes between light and dark',
    async use(page) {
      const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
      const [light, drawn] = [await background(), await picture(page, 'traffic')]
      await page.click('#theme')
      assert.notEqual(await background(), light)
      await until(async () => (await picture(page, 'traffic')) !== drawn)
      await page.click('#theme')
      assert.equal(await background(), light)
    },
  },
  {
    title: 'fits a phone',
    async use(page) {
      await page.setViewportSize({ width: 375, height: 740 })
      const [whole, seen] = await page.evaluate<[number, number]>('[document.documentElement.scrollWidth, innerWidth]')
      assert.equal(whole, seen)
    },
  },
  {
    title: 'can be printed',
    async use(page) {
      const paper = await page.pdf({ format: 'A4' })
      assert.ok(paper.length > 20_000)
    },
  },
  {
    title: 'tells of a run that ended before it began',
    isEmptyRun: true,
    async use(page) {
      assert.match(await textOf(page, '.verdict'), /Failed/)
      assert.match(await textOf(page, '.reason'), /the test data is not there: <b>not bold<\/b>/)
      assert.match(await textOf(page, '#overview'), /No iteration ran to its end/)
    },
  },
]

/** The page of a report: reads the embedded data and shows it. */
import { onZoom, resetZoom } from './chart-group.js'
import { el } from './dom.js'
import type { ReportData } from './report-data.js'
import { ReportView } from './report-view.js'
import type { Section } from './section.js'
import { checks } from './sections/checks.js'
import { errors } from './sections/errors.js'
import { groups } from './sections/groups.js'
import { pageHead } from './sections/head.js'
import { latency } from './sections/latency.js'
import { metrics } from './sections/metrics.js'
import { overview } from './sections/overview.js'
import { runSetup } from './sections/run-setup.js'
import { thresholds } from './sections/thresholds.js'
import { traffic } from './sections/traffic.js'

const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as ReportData
const view = new ReportView(data)
const parts = [overview, thresholds, latency, traffic, errors, checks, groups, metrics, runSetup]
const sections = parts.map((part) => part(view)).filter((part) => part !== undefined)

document
  .getElementById('report')
  ?.replaceChildren(
    el('a', { class: 'skip', href: '#overview' }, 'Skip to the results'),
    pageHead(view),
    navigation(sections),
    el('main', {}, ...sections.map(({ element }) => element)),
    el('footer', { class: 'muted' }, `Made by ${data.generator}. This page loads nothing and sends nothing.`),
    zoomButton(),
  )

function navigation(all: readonly Section[]): HTMLElement {
  const links = new Map(all.map(({ id, title }) => [id, el('a', { href: `#${id}` }, title)]))
  // The section in view is the last one whose heading has passed the upper third of the window.
  const visible = new Set<string>()
  const bar = el('nav', { 'aria-label': 'Sections' }, ...links.values())
  const watcher = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) visible.add(target.id)
        else visible.delete(target.id)
      }
      const current = all.find(({ id }) => visible.has(id))?.id
      for (const [id, link] of links) {
        if (id !== current) link.removeAttribute('aria-current')
        else if (!link.hasAttribute('aria-current')) {
          link.setAttribute('aria-current', 'true')
          // Sideways only: the page must stay where it is.
          bar.scrollLeft = link.offsetLeft - bar.clientWidth / 2
        }
      }
    },
    { rootMargin: '-80px 0px -60% 0px' },
  )
  for (const { element } of all) watcher.observe(element)
  return bar
}

function zoomButton(): HTMLElement {
  const button = el('button', { type: 'button', class: 'zoom', id: 'reset-zoom', hidden: true }, 'Show the whole run')
  button.addEventListener('click', resetZoom)
  onZoom((isZoomed) => {
    button.hidden = !isZoomed
  })
  return button
}

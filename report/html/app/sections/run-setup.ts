/** What was run: scenarios and options. */
import { el, nameText } from '../dom.js'
import type { ReportView } from '../report-view.js'
import { card, grid, type Section, section } from '../section.js'

export function runSetup({ data }: ReportView): Section {
  const { scenarios, summary, options } = data.run
  return section(
    'run',
    'Run',
    grid(
      card(
        el('h3', {}, 'Scenarios'),
        el('p', { class: 'muted' }, summary.replace(/:$/, '')),
        el('ul', {}, ...scenarios.map((text) => el('li', {}, nameText(text)))),
      ),
      card(
        el('h3', {}, 'Options'),
        el(
          'pre',
          { tabindex: 0, role: 'region', 'aria-label': 'Options' },
          options || 'The options are too long to be shown.',
        ),
      ),
    ),
  )
}

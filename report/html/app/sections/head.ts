/** The head of the page: the verdict, why, and which run it was. */
import { el, nameText } from '../dom.js'
import { formatDate, formatDuration } from '../format.js'
import type { ReportView } from '../report-view.js'
import { theme, toggleTheme } from '../theme.js'

const verdicts = {
  passed: { mark: '✓', text: 'Passed' },
  failed: { mark: '✗', text: 'Failed' },
  interrupted: { mark: '!', text: 'Interrupted' },
}

export function pageHead({ data }: ReportView): HTMLElement {
  const { run } = data
  const { mark, text } = verdicts[run.verdict]
  const facts = [
    ['Started', formatDate(run.startTimeMs)],
    ['Duration', formatDuration(run.durationMs)],
    ['Exit code', String(run.exitCode)],
  ].map(([term, value]) => el('div', {}, el('dt', {}, term!), el('dd', {}, value!)))
  return el(
    'header',
    { class: `head ${run.verdict}` },
    el(
      'div',
      { class: 'title' },
      el('span', { class: 'verdict' }, el('span', { 'aria-hidden': true }, mark), text),
      el('h1', {}, nameText(run.script)),
      el('div', { class: 'tools' }, themeButton(), printButton()),
    ),
    el('dl', { class: 'facts' }, ...facts),
    run.reason === undefined ? undefined : el('p', { class: 'reason' }, el('bdi', {}, run.reason)),
    ...data.notes.map((note) => el('p', { class: 'note' }, note)),
  )
}

function themeButton(): HTMLElement {
  const button = el('button', { type: 'button', class: 'tool', id: 'theme' })
  const label = () => {
    button.textContent = theme() === 'dark' ? '☀ Light' : '☾ Dark'
    button.setAttribute('aria-label', theme() === 'dark' ? 'Show in light colours' : 'Show in dark colours')
  }
  button.addEventListener('click', () => {
    toggleTheme()
    label()
  })
  label()
  return button
}

function printButton(): HTMLElement {
  const button = el('button', { type: 'button', class: 'tool' }, 'Print')
  button.addEventListener('click', () => print())
  return button
}

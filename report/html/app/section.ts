/** A part of the page with a heading and an entry in the navigation. */
import { type Child, el } from './dom.js'

/** A part of the page. */
export interface Section {
  readonly id: string
  /** In the navigation. */
  readonly title: string
  readonly element: HTMLElement
}

export function section(id: string, title: string, ...children: Child[]): Section {
  const heading = el('h2', { id: `${id}-title` }, title)
  return { id, title, element: el('section', { id, 'aria-labelledby': `${id}-title` }, heading, ...children) }
}

/** A box with a border. */
export function card(...children: Child[]): HTMLElement {
  return el('div', { class: 'card' }, ...children)
}

/** Things side by side where there is room. */
export function grid(...children: Child[]): HTMLElement {
  return el('div', { class: 'grid' }, ...children)
}

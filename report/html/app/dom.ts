/** Makes elements. Texts only ever become text nodes, so nothing in them is read as markup. */

/** What stands in an element; undefined stands for nothing. */
export type Child = Node | string | undefined

/** Attributes by name; false and undefined leave one out, true gives an empty one. */
export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

/** An element with its attributes and children. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue
    element.setAttribute(name, value === true ? '' : String(value))
  }
  for (const child of children) if (child !== undefined) element.append(child)
  return element
}

/**
 * A name from a script: isolated, so that right-to-left letters in it turn nothing around it, and broken over lines where
 * its words end.
 */
export function nameText(text: string): HTMLElement {
  const words = text.split(/(?<=[_./{:,›])/, 100)
  const pieces = words.flatMap((word, i) => (i === 0 ? [word] : [el('wbr'), word]))
  // What has even more words comes in one piece.
  const parts = words.length < 100 ? pieces : [text]
  return el('bdi', { class: 'name', title: text.length > 40 ? text : undefined }, ...parts)
}

/** A select with groups of options; a group without a label stands by itself. */
export function select(
  label: string,
  groups: readonly { label?: string; options: readonly { value: string; text: string }[] }[],
  onChange: (value: string) => void,
): { element: HTMLElement; input: HTMLSelectElement } {
  const input = el('select', { 'aria-label': label })
  for (const group of groups) {
    const options = group.options.map(({ value, text }) => el('option', { value }, shortened(text)))
    if (group.label === undefined) input.append(...options)
    else if (options.length > 0) input.append(el('optgroup', { label: group.label }, ...options))
  }
  input.addEventListener('change', () => onChange(input.value))
  return { element: el('label', { class: 'field' }, el('span', {}, label), input), input }
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}

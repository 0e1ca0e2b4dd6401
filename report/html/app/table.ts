/** Tables that can be sorted by a click on a column, and searched. */
import { type Child, el } from './dom.js'

/** A column: what a cell shows, and what it is sorted by. */
export interface Column<Row> {
  readonly title: string
  readonly cell: (row: Row) => Child
  /** Without it the column cannot be sorted. Undefined goes to the end. */
  readonly sortBy?: (row: Row) => number | string | undefined
  readonly isNumber?: boolean
  readonly hint?: string
}

/** How a table looks and behaves. */
export interface TableOptions<Row> {
  readonly caption: string
  readonly columns: readonly Column<Row>[]
  readonly rows: readonly Row[]
  /** The text that a search looks at; without it there is no search. */
  readonly searchText?: (row: Row) => string
  /** Shown when there are no rows. */
  readonly empty?: string
  /** The column that the rows are sorted by at first, largest first. */
  readonly sortedBy?: string
  /** A class of the row. */
  readonly rowClass?: (row: Row) => string | undefined
  /** Further things beside the search. */
  readonly tools?: readonly HTMLElement[]
  /** Whether a row is there at all; asked again by `refresh`. */
  readonly isShown?: (row: Row) => boolean
}

/** A table on the page. */
export interface Table {
  readonly element: HTMLElement
  /** Shows the rows again, after `isShown` has changed its mind. */
  refresh(): void
}

export function table<Row>(options: TableOptions<Row>): Table {
  const { caption, columns, rows, searchText, empty = 'Nothing to show.' } = options
  let sorted = options.sortedBy
  let isDescending = true
  let words: string[] = []
  const body = el('tbody')
  const count = el('span', { class: 'muted', 'aria-live': 'polite' })
  const headers = columns.map((column) => {
    const { title, sortBy, isNumber, hint } = column
    const th = el('th', { scope: 'col', class: isNumber ? 'number' : undefined })
    if (sortBy === undefined) {
      th.append(title)
      return th
    }
    const button = el('button', { type: 'button', class: 'sort', title: hint }, title)
    button.addEventListener('click', () => {
      isDescending = sorted === title ? !isDescending : isNumber === true
      sorted = title
      show()
    })
    th.append(button)
    return th
  })

  const show = () => {
    const column = columns.find(({ title }) => title === sorted)
    const found = rows.filter((row) => {
      if (options.isShown?.(row) === false) return false
      const text = searchText?.(row).toLowerCase() ?? ''
      return words.every((word) => text.includes(word))
    })
    const ordered = column?.sortBy === undefined ? found : [...found].sort(order(column.sortBy, isDescending))
    body.replaceChildren(...ordered.map((row) => rowElement(row)))
    if (ordered.length === 0) {
      body.append(
        el('tr', {}, el('td', { colspan: columns.length, class: 'empty' }, rows.length === 0 ? empty : 'No match.')),
      )
    }
    const all = `${rows.length} ${caption.toLowerCase()}`
    count.textContent = found.length === rows.length ? all : `${found.length} of ${all}`
    for (const [i, th] of headers.entries()) {
      const isSorted = columns[i]?.title === sorted
      if (isSorted) th.setAttribute('aria-sort', isDescending ? 'descending' : 'ascending')
      else th.removeAttribute('aria-sort')
    }
  }
  const rowElement = (row: Row) =>
    el(
      'tr',
      { class: options.rowClass?.(row) },
      ...columns.map((column, i) => {
        const attributes = { class: column.isNumber ? 'number' : undefined }
        return i === 0
          ? el('th', { scope: 'row', ...attributes }, column.cell(row))
          : el('td', attributes, column.cell(row))
      }),
    )

  const tools = el('div', { class: 'tools' }, ...(options.tools ?? []))
  if (searchText !== undefined) {
    const input = el('input', { type: 'search', placeholder: 'Search…', 'aria-label': `Search ${caption}` })
    input.addEventListener('input', () => {
      words = input.value.toLowerCase().split(/\s+/).filter(Boolean)
      show()
    })
    tools.prepend(input)
    tools.append(count)
  }
  show()
  const scroller = el(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption },
    el('table', {}, el('caption', { class: 'hidden' }, caption), el('thead', {}, el('tr', {}, ...headers)), body),
  )
  return {
    element: el('div', { class: 'table' }, tools.childElementCount > 0 ? tools : undefined, scroller),
    refresh: show,
  }
}

function order<Row>(sortBy: (row: Row) => number | string | undefined, isDescending: boolean) {
  return (a: Row, b: Row): number => {
    const [x, y] = [sortBy(a), sortBy(b)]
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1
    const ascending = typeof x === 'number' && typeof y === 'number' ? x - y : String(x).localeCompare(String(y), 'en')
    return isDescending ? -ascending : ascending
  }
}

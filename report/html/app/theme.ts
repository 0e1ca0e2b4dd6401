/** Light and dark: follows the system until the reader chooses. Charts ask for their colours here. */

type Theme = 'light' | 'dark'

const dark = matchMedia('(prefers-color-scheme: dark)')
const listeners: (() => void)[] = []
let chosen: Theme | undefined
let colors = new Map<string, string>()

/** Which one is shown. */
export function theme(): Theme {
  return chosen ?? (dark.matches ? 'dark' : 'light')
}

/** Shows the other one. */
export function toggleTheme(): void {
  chosen = theme() === 'dark' ? 'light' : 'dark'
  apply()
}

/** Shows the light one, for paper; the function returned undoes it. */
export function forceLight(): () => void {
  const before = chosen
  chosen = 'light'
  apply()
  return () => {
    chosen = before
    apply()
  }
}

/** Has `listener` called when the colours have changed. */
export function onThemeChange(listener: () => void): void {
  listeners.push(listener)
}

/** The value of a colour variable of the style sheet, such as `--series-1`. */
export function color(name: string): string {
  let value = colors.get(name)
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(name).trim()
    colors.set(name, value)
  }
  return value
}

function apply(): void {
  document.documentElement.dataset.theme = theme()
  colors = new Map()
  for (const listener of listeners) listener()
}

dark.addEventListener('change', apply)
apply()

/** What all charts of the page have in common: one zoom, the keys for it, the colours, and the width on paper. */
import type uPlot from 'uplot'
import { forceLight, onThemeChange } from './theme.js'

interface Range {
  readonly min: number
  readonly max: number
}

const charts = new Set<uPlot>()
const listeners: ((isZoomed: boolean) => void)[] = []
let zoom: Range | undefined

/** Has `listener` called when the page is zoomed to a part of the run, or shows all of it again. */
export function onZoom(listener: (isZoomed: boolean) => void): void {
  listeners.push(listener)
}

/** Shows the whole run again. */
export function resetZoom(): void {
  spread(undefined)
}

/**
 * Takes a chart in, with the element that has the focus when keys are meant for it.
 *
 * @returns forgets it
 */
export function registerChart(u: uPlot, focus: HTMLElement): () => void {
  const listening = new AbortController()
  const whole = wholeOf(u)
  charts.add(u)
  if (zoom !== undefined) u.setScale('x', zoom)
  // Now, and not in the options: the first scale that is set is the whole run.
  u.hooks.setScale = [
    ...(u.hooks.setScale ?? []),
    (_: uPlot, scale: string) => {
      const { min, max } = u.scales.x!
      if (scale !== 'x' || min == null || max == null) return
      const isWhole = min <= whole.min && max >= whole.max
      // Charts tell of what they are set to a little later, so most of this is an echo.
      if (isWhole ? zoom === undefined : zoom?.min === min && zoom.max === max) return
      spread(isWhole ? undefined : { min, max })
    },
  ]
  const { signal } = listening
  focus.addEventListener('keydown', (event) => keyPressed(event, u), { signal })
  return () => {
    listening.abort()
    charts.delete(u)
  }
}

function keyPressed(event: KeyboardEvent, u: uPlot): void {
  const { min, max } = u.scales.x!
  if (min == null || max == null) return
  const whole = wholeOf(u)
  const middle = u.cursor.idx == null ? (min + max) / 2 : (u.data[0][u.cursor.idx] ?? (min + max) / 2)
  const zoomed = (factor: number): Range => ({
    min: Math.max(whole.min, middle - ((max - min) / 2) * factor),
    max: Math.min(whole.max, middle + ((max - min) / 2) * factor),
  })
  if (event.key === '+' || event.key === '=') spread(zoomed(0.5))
  else if (event.key === '-') {
    const wider = zoomed(2)
    spread(wider.min <= whole.min && wider.max >= whole.max ? undefined : wider)
  } else if (event.key === 'Escape') spread(undefined)
  else return
  event.preventDefault()
}

function wholeOf(u: uPlot): Range {
  const times = u.data[0]
  return { min: times[0] ?? 0, max: times.at(-1) ?? 1 }
}

function spread(range: Range | undefined): void {
  zoom = range
  for (const u of charts) u.setScale('x', range ?? wholeOf(u))
  for (const listener of listeners) listener(range !== undefined)
}

onThemeChange(() => {
  for (const u of charts) u.redraw(false, false)
})

// A card on a page of A4 has this much room.
const paperWidth = 640
let undoLight = () => {}

addEventListener('beforeprint', () => {
  undoLight = forceLight()
  for (const u of charts) u.setSize({ width: paperWidth, height: u.height })
})
addEventListener('afterprint', () => {
  undoLight()
  for (const u of charts) u.setSize({ width: u.root.parentElement?.clientWidth ?? u.width, height: u.height })
})

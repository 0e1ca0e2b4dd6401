/**
 * The progress of a run on the screen: pure functions that make one frame from a plain state, and a printer that
 * draws frames, in place on a terminal or one below the other elsewhere. Has no timer; its caller says when.
 */
import { cleanText } from './clean-text.js'
import type { ExecutorColumns } from './executor-columns.js'
import { fixedDuration, fixedInteger } from './fixed-length.js'

/** How often a frame is due, in milliseconds. */
export const progressPeriodMs = { terminal: 100, plain: 1000 } as const

/** How a scenario stands. */
export type ScenarioStatus = 'running' | 'waiting' | 'stopping' | 'interrupted' | 'done'

/** One scenario's line. */
export interface ScenarioProgress extends ExecutorColumns {
  readonly name: string
  readonly status: ScenarioStatus
}

/** What happens before and after the scenarios. */
export interface PhaseProgress extends ExecutorColumns {
  /** `Init` until the run has begun, then `Run`. */
  readonly name: 'Init' | 'Run'
}

/** The line above the scenarios while they run. */
export interface RunProgress {
  readonly isPaused: boolean
  /** Undefined before the run has begun. */
  readonly elapsedMs?: number
  /** The longest the run can take; gives the width of the time. */
  readonly maxDurationMs: number
  readonly activeVus: number
  readonly initializedVus: number
  readonly maxVus: number
  readonly completeIterations: number
  readonly interruptedIterations: number
}

/** All that a frame shows. */
export interface ProgressState {
  readonly head: RunProgress | PhaseProgress
  readonly scenarios: readonly ScenarioProgress[]
}

/** Where a frame is shown. */
export interface ProgressScreen {
  readonly isTty: boolean
  readonly hasColor: boolean
  /** Characters in a line of the terminal. */
  readonly columns: number
}

const maxBarWidth = 40
const minBarWidth = 8
const maxNameWidth = 30
const marks: Record<ScenarioStatus, string> = {
  running: ' ',
  waiting: '•',
  stopping: '↓',
  interrupted: '✗',
  done: '✓',
}
const markColours: Partial<Record<ScenarioStatus, string>> = { waiting: '2', interrupted: '31', done: '32' }

/** `running (01.0s), 3/3 VUs, 0 complete and 0 interrupted iterations`. */
export function runLine(run: RunProgress): string {
  const status = run.isPaused ? 'paused' : 'running'
  const time = run.elapsedMs === undefined ? '' : ` (${fixedDuration(run.elapsedMs, run.maxDurationMs)})`
  const vus = `${fixedInteger(run.activeVus, run.maxVus)}/${fixedInteger(run.initializedVus, run.maxVus)} VUs`
  return `${status}${time}, ${vus}, ${run.completeIterations} complete and ${run.interruptedIterations} interrupted iterations`
}

/**
 * One frame: an empty line, the head, a line per scenario.
 *
 * @param goesBack for a terminal, to put the cursor back where the next frame begins; the last frame stays
 */
export function progressFrame(state: ProgressState, screen: ProgressScreen, goesBack: boolean): string {
  const rows = rowsOf(state)
  const barWidth = screen.isTty ? fittingBarWidth(rows, screen.columns) : minBarWidth
  const lineEnd = screen.isTty ? '\u001b[K\n' : '\n'
  let text = lineEnd
  let wrappedLines = 0
  for (const row of rows) {
    const line = (hasColor: boolean) => {
      const padded = rowText(row, barWidth, hasColor)
      // On a narrow terminal, blanks at the end would take a line of their own.
      return screen.isTty ? padded.trimEnd() : padded
    }
    const plain = line(false)
    wrappedLines += Math.trunc(Math.max(0, [...plain].length - 1) / screen.columns)
    text += `${screen.hasColor && screen.isTty ? line(true) : plain}${lineEnd}`
  }
  return screen.isTty && goesBack ? `${text}\r\u001b[J\u001b[${rows.length + wrappedLines + 1}A` : text
}

/** One line of a frame: a bar with texts on both sides, or only a text. */
type Row =
  | { readonly text: string }
  | { readonly left: string; readonly status: ScenarioStatus; readonly share: number; readonly right: string }

function rowsOf({ head, scenarios }: ProgressState): Row[] {
  const bars: ScenarioProgress[] = [...scenarios]
  if ('name' in head) bars.unshift({ ...head, status: 'running' })
  const names = ['Init', ...bars.map(({ name }) => name)]
  const nameWidth = Math.min(maxNameWidth, Math.max(...names.map((name) => name.length)))
  const columnWidths = [0, 1].map((i) =>
    Math.max(0, ...bars.filter(({ right }) => right.length > i + 1).map(({ right }) => right[i]?.length ?? 0)),
  )
  const rows: Row[] = bars.map(({ name, status, share, right }) => ({
    left: shortened(cleanText(name), nameWidth).padEnd(nameWidth),
    status,
    share: Math.min(1, Math.max(0, share)),
    right: right.map((column, i) => ` ${cleanText(column).padEnd((columnWidths[i] ?? 0) + 1)}`).join(''),
  }))
  return 'name' in head ? rows : [{ text: runLine(head) }, ...rows]
}

function rowText(row: Row, barWidth: number, hasColor: boolean): string {
  if ('text' in row) return row.text
  const paint = (codes: string | undefined, text: string) =>
    hasColor && codes !== undefined ? `\u001b[${codes}m${text}\u001b[0m` : text
  const mark = paint(markColours[row.status], marks[row.status])
  return `${row.left} ${mark} [${barBody(row.share, barWidth, (text) => paint('2', text))}]${row.right}`
}

function barBody(share: number, barWidth: number, faint: (text: string) => string): string {
  if (barWidth <= minBarWidth) return ` ${(share * 100).toFixed(0).padStart(3)}% `
  const space = barWidth - 2
  const filled = Math.trunc(space * share)
  if (filled === space) return '='.repeat(space)
  const fill = filled > 0 ? `${'='.repeat(filled - 1)}>` : ''
  return fill + faint('-'.repeat(space - filled))
}

function fittingBarWidth(rows: readonly Row[], columns: number): number {
  const widths = rows.map((row) => ('text' in row ? 0 : [...rowText(row, maxBarWidth, false).trimEnd()].length))
  const surplus = Math.max(0, ...widths) - (columns - 1)
  return Math.min(maxBarWidth, Math.max(minBarWidth, maxBarWidth - Math.max(0, surplus)))
}

function shortened(name: string, maxWidth: number): string {
  return name.length > maxWidth ? `${name.slice(0, maxWidth - 3)}...` : name
}

/** What the printer draws on. */
export interface ProgressStream {
  write(text: string): unknown
}

/** Draws frames to a stream, and lets other text appear above them. */
export class ProgressPrinter {
  readonly #stream: ProgressStream
  readonly #screen: () => ProgressScreen
  #frame = ''

  /** @param screen asked for each frame, as a terminal can change its size */
  constructor(stream: ProgressStream, screen: () => ProgressScreen) {
    this.#stream = stream
    this.#screen = screen
  }

  /** Draws the state, over the last frame on a terminal. */
  draw(state: ProgressState): void {
    const screen = this.#screen()
    const frame = progressFrame(state, screen, true)
    this.#frame = screen.isTty ? frame : ''
    this.#stream.write(frame)
  }

  /** Takes the last frame off the terminal, so that nothing of it shines through what is written in its place. */
  clear(): void {
    if (this.#frame !== '') this.#stream.write('\r\u001b[J')
    this.#frame = ''
  }

  /** Draws the state for the last time; it stays on the screen, and nothing is drawn below other text from now on. */
  finish(state: ProgressState): void {
    this.#frame = ''
    this.#stream.write(progressFrame(state, this.#screen(), false))
  }

  /** Writes other text to `stream`, so that on a terminal it pushes the last frame down instead of mixing with it. */
  writeAbove(stream: ProgressStream, text: string): void {
    if (this.#frame === '') {
      stream.write(text)
      return
    }
    stream.write(text.replaceAll('\n', '\u001b[0K\n'))
    this.#stream.write(this.#frame)
  }
}

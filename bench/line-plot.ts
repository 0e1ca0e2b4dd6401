/** A plot of lines over time as SVG text. The same numbers always give the same text. */

export interface Line {
  readonly label: string
  readonly color: string
  readonly isDashed?: boolean
  /** x in seconds. */
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Plot {
  readonly title: string
  readonly yLabel: string
  readonly seconds: number
  readonly lines: readonly Line[]
}

const size = { width: 720, height: 280 }
const frame = { left: 64, right: 16, top: 36, bottom: 44 }

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

/** Steps of 1, 2 or 5 times a power of ten, about `wanted` of them up to `max`. */
export function axisStep(max: number, wanted: number): number {
  const rough = max / wanted
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= rough * 0.999)!
  return factor * power
}

export function linePlot({ title, yLabel, seconds, lines }: Plot): string {
  const highest = Math.max(1, ...lines.flatMap(({ points }) => points.map(([, y]) => y)))
  const yStep = axisStep(highest, 5)
  const yMax = Math.ceil(highest / yStep) * yStep
  const xStep = axisStep(seconds, 10)
  const x = (value: number) => frame.left + (value / seconds) * (size.width - frame.left - frame.right)
  const y = (value: number) => size.height - frame.bottom - (value / yMax) * (size.height - frame.top - frame.bottom)
  const at = (value: number) => value.toFixed(1)
  const text = (dx: number, dy: number, anchor: string, content: string) =>
    `<text x="${at(dx)}" y="${at(dy)}" text-anchor="${anchor}">${escaped(content)}</text>`
  const rule = (x1: number, y1: number, x2: number, y2: number) =>
    `<line x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}" stroke="#ddd"/>`
  const parts: string[] = []
  for (let value = 0; value <= yMax * 1.001; value += yStep) {
    parts.push(rule(frame.left, y(value), size.width - frame.right, y(value)))
    parts.push(text(frame.left - 6, y(value) + 4, 'end', String(Math.round(value))))
  }
  for (let value = 0; value <= seconds * 1.001; value += xStep) {
    parts.push(text(x(value), size.height - frame.bottom + 18, 'middle', String(Number(value.toFixed(3)))))
  }
  for (const { color, isDashed, points } of lines) {
    const path = points.map(([px, py]) => `${at(x(px))},${at(y(py))}`).join(' ')
    const dashes = isDashed ? ' stroke-dasharray="6 4"' : ''
    parts.push(`<polyline points="${path}" fill="none" stroke="${color}" stroke-width="1.5"${dashes}/>`)
  }
  let legendX = frame.left + 8
  for (const { label, color } of lines) {
    parts.push(`<rect x="${at(legendX)}" y="${at(frame.top - 12)}" width="14" height="3" fill="${color}"/>`)
    parts.push(text(legendX + 20, frame.top - 7, 'start', label))
    legendX += 40 + label.length * 7
  }
  parts.push(text(frame.left, 16, 'start', title))
  parts.push(text(size.width - frame.right, size.height - 10, 'end', 'seconds'))
  parts.push(text(frame.left, size.height - 10, 'start', yLabel))
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${size.width}" height="${size.height}" fill="#fff"/>`,
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

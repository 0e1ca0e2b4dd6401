/**
 * What is printed before a run begins: the banner and the description of what will run. Pure.
 */
import { cleanText } from './clean-text.js'

// A handle, the glass, and the plate it stands on.
const bannerLines = [
  '          _          ',
  '      . -( )- .      ',
  '    /           \\    ',
  '   |   belljar   |   ',
  '   |             |   ',
  '  _|_____________|_  ',
]

/** What the description of a run tells. */
export interface RunDescription {
  /** The script's path as it was given. */
  readonly script: string
  /** Descriptions of the outputs. */
  readonly outputs: readonly string[]
  /** `(100.00%) 1 scenario, 2 max VUs, 10m30s max duration (incl. graceful stop):` */
  readonly summary: string
  /** `default: 6 iterations shared among 2 VUs (…)`, in the order they start. */
  readonly scenarios: readonly string[]
}

/** The banner, with the blank lines around it. */
export function bannerText(hasColor: boolean): string {
  const banner = bannerLines.join('\n')
  return `\n${hasColor ? `\u001b[33m${banner}\u001b[0m` : banner}\n\n`
}

/** The description of a run, with the blank lines around it. */
export function descriptionText(run: RunDescription, hasColor: boolean): string {
  const value = (text: string) => (hasColor ? `\u001b[36m${cleanText(text)}\u001b[0m` : cleanText(text))
  const lines = [
    '',
    `     execution: ${value('local')}`,
    `        script: ${value(run.script)}`,
    `        output: ${value(run.outputs.join(', ') || '-')}`,
    '',
    `     scenarios: ${value(run.summary)}`,
    ...run.scenarios.map((text) => `              * ${cleanText(text)}`),
    '',
  ]
  return `${lines.join('\n')}\n`
}

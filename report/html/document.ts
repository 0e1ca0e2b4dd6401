/**
 * The file of a report: one HTML document that loads nothing. Script and style are allowed by their hashes, and the data
 * is a block of JSON that no browser runs, so what came from a script or a server cannot become code. Pure.
 */
import { createHash } from 'node:crypto'
import { jsonText } from '../clean-text.js'
import type { ReportData } from './app/report-data.js'

/**
 * @param script the page's own code
 * @param style the page's own style sheet
 */
export function reportDocument(data: ReportData, script: string, style: string): string {
  // Within strings and regular expressions, the only places where code can have it, `<\/` means the same.
  const code = script.replace(/<\/script/gi, '<\\/script')
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(code)}'`,
    `style-src '${hashOf(style)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  const { script: name, verdict } = data.run
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${htmlText(`${name}: ${verdict}`)}</title>
<style>${style}</style>
</head>
<body>
<div id="report"></div>
<noscript>The report of ${htmlText(name)} (${verdict}) needs JavaScript to be shown. It loads nothing.</noscript>
<script type="application/json" id="data">${dataText(data)}</script>
<script>${code}</script>
</body>
</html>
`
}

/** JSON in which no tag can begin or end, whatever its strings hold. */
function dataText(data: ReportData): string {
  return jsonText(data).replaceAll('<', '\\u003c')
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function htmlText(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}

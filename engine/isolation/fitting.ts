/** Cuts what a script may make long to what the parent reads, so that no honest process is taken for one that is not. */
import type { Finding } from '../../host/rehearsal/finding.js'
import type { LogLine } from '../../host/vu-context.js'
import { type ReportedError, textBounds } from './protocol.js'

const { message, long, short } = textBounds

export function cutText(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

export function fittingError({ hint, failure, ...error }: ReportedError): ReportedError {
  return {
    ...error,
    message: cutText(error.message, message),
    ...(hint === undefined ? {} : { hint: cutText(hint, short) }),
    ...(failure === undefined
      ? {}
      : { failure: { ...failure, text: cutText(failure.text, long), frames: cutText(failure.frames, long) } }),
  }
}

export function fittingLine({ fields, ...line }: LogLine): LogLine {
  const cut = Object.entries(fields).map(([name, field]) => [name, cutText(field, long)])
  return { ...line, msg: cutText(line.msg, message), fields: Object.fromEntries(cut) }
}

export function fittingFinding({ hint, during, ...finding }: Finding): Finding {
  return {
    ...finding,
    text: cutText(finding.text, long),
    ...(hint === undefined ? {} : { hint: cutText(hint, long) }),
    ...(during === undefined ? {} : { during: cutText(during, short) }),
  }
}

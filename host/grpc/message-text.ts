/**
 * Messages of a server on their way into the VM, where modules/internal/grpc-message.ts reads them: JSON, or, where long
 * strings stand apart from it, a tab, their places, a line end, JSON, a line end, and the strings one after the other. JSON
 * has neither tabs nor line ends but escaped ones, so nothing that a server sends can look like the other form.
 */
import { Utf8Text } from '../../runtime/js-value.js'
import type { SplitJson } from './protojson/apart-texts.js'

/** A message after `head`, which is text without NUL. */
export function messageText(head: string, message: string | SplitJson): string | Utf8Text {
  if (typeof message === 'string') return head + message
  const before = `${head}\t${message.places}\n${message.json}\n`
  const beforeBytes = Buffer.byteLength(before)
  return new Utf8Text({
    byteLength: beforeBytes + message.byteLength,
    writeTo(target, at) {
      target.write(before, at, beforeBytes, 'utf8')
      message.writeTo(target, at + beforeBytes)
    },
  })
}

/**
 * What is wrong with a file, as an error that says where: a place in a text, or the manner of Go's protodesc for descriptors.
 */

import type { RawFile } from './file-descriptor.js'
import { SchemaError } from './schema-error.js'

/** `name:line:column`, or the name alone where there is no text. */
export function place(file: RawFile, at: number | undefined): string {
  if (file.positionOf === undefined || at === undefined) return file.name
  const { line, column } = file.positionOf(at)
  return `${file.name}:${line}:${column}`
}

/** A mistake in a file, at an offset of its text. */
export function problem(file: RawFile, at: number | undefined, message: string): SchemaError {
  return new SchemaError(file.positionOf === undefined ? `proto:\u00a0${message}` : `${place(file, at)}: ${message}`)
}

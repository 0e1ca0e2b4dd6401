/**
 * google.protobuf.FieldMask paths between their two spellings: `foo_bar.baz` on the wire, `fooBar.baz` in JSON.
 */

import { camelCase } from '../schema/file-descriptor.js'

const fullName = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/

/** A path of JSON as it is on the wire, or undefined when it cannot be one. */
export function maskPathFromJson(path: string): string | undefined {
  const snake = snakeCase(path)
  return path.includes('_') || !fullName.test(snake) ? undefined : snake
}

/** A path of the wire as it is in JSON, or what is wrong with it. */
export function maskPathToJson(path: string): { json: string } | { fault: 'invalid' | 'irreversible' } {
  if (!fullName.test(path)) return { fault: 'invalid' }
  const json = camelCase(path)
  return snakeCase(json) === path ? { json } : { fault: 'irreversible' }
}

function snakeCase(path: string): string {
  return path.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)
}
